//! CSV cut into records, whatever chunks its bytes come in. A record that is too large, as one behind a quote that
//! nobody closed, is passed over to its end and not kept.
//!
//! Not here: what the cells mean.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use crate::input::batch::MAX_LINE;

/// A record may have this many cells.
const MAX_CELLS: usize = 4_096;

/// Cuts bytes into records.
pub struct Records {
    reader: Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
    filled: usize,
    ended: usize,
    too_large: bool,
    inside: bool,
    /// How many line breaks came so far, whether the last byte was a CR, and the line that the record begins in.
    breaks: usize,
    after_cr: bool,
    line: usize,
}

/// A record.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    /// The line it begins in, from 1.
    pub line: usize,
    text: &'a [u8],
    ends: &'a [usize],
    /// Whether it was too large to be kept.
    pub too_large: bool,
}

impl<'a> Record<'a> {
    /// Its cells; `None` where they are not UTF-8.
    #[must_use]
    pub fn cells(&self) -> Option<Vec<&'a str>> {
        let mut start = 0;
        let cell = |end: &usize| {
            let cell = self.text.get(start..*end)?;
            start = *end;
            std::str::from_utf8(cell).ok()
        };
        self.ends.iter().map(cell).collect()
    }

    /// Its cells, with U+FFFD where they are not UTF-8.
    #[must_use]
    pub fn lossy_cells(&self) -> Vec<String> {
        let mut start = 0;
        let cell = |end: &usize| {
            let cell = self.text.get(start..*end).unwrap_or_default();
            start = *end;
            String::from_utf8_lossy(cell).into_owned()
        };
        self.ends.iter().map(cell).collect()
    }
}

impl Records {
    /// Of a file whose cells are separated by `delimiter`.
    #[must_use]
    pub fn new(delimiter: u8) -> Self {
        Self {
            reader: ReaderBuilder::new().delimiter(delimiter).build(),
            text: vec![0; MAX_LINE],
            ends: vec![0; MAX_CELLS],
            filled: 0,
            ended: 0,
            too_large: false,
            inside: false,
            breaks: 0,
            after_cr: false,
            line: 0,
        }
    }

    /// Reads a chunk, and hands on each record that ends in it.
    pub fn read(&mut self, mut chunk: &[u8], each: &mut dyn FnMut(Record<'_>)) {
        loop {
            while !self.inside
                && let Some((byte @ (b'\n' | b'\r'), rest)) = chunk.split_first()
            {
                self.count_breaks(&[*byte]);
                chunk = rest;
            }
            if chunk.is_empty() {
                return;
            }
            let read = self.step(chunk, each);
            chunk = chunk.get(read..).unwrap_or_default();
        }
    }

    /// Hands on the last record, if no line break ended it.
    pub fn finish(&mut self, each: &mut dyn FnMut(Record<'_>)) {
        while self.inside {
            self.step(&[], each);
        }
    }

    fn step(&mut self, chunk: &[u8], each: &mut dyn FnMut(Record<'_>)) -> usize {
        if !self.inside {
            self.inside = true;
            self.line = self.breaks.saturating_add(1);
        }
        let text = self.text.get_mut(self.filled..).unwrap_or_default();
        let ends = self.ends.get_mut(self.ended..).unwrap_or_default();
        let (result, read, filled, ended) = self.reader.read_record(chunk, text, ends);
        self.count_breaks(chunk.get(..read).unwrap_or_default());
        self.filled = self.filled.saturating_add(filled);
        self.ended = self.ended.saturating_add(ended);
        match result {
            ReadRecordResult::InputEmpty => {}
            ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                self.too_large = true;
                (self.filled, self.ended) = (0, 0);
            }
            ReadRecordResult::Record => {
                let kept = if self.too_large { 0 } else { self.ended };
                each(Record {
                    line: self.line,
                    text: self.text.get(..self.filled).unwrap_or_default(),
                    ends: self.ends.get(..kept).unwrap_or_default(),
                    too_large: self.too_large,
                });
                self.begin();
            }
            ReadRecordResult::End => self.begin(),
        }
        read
    }

    /// Counts LF, CR LF and CR, each as one.
    fn count_breaks(&mut self, bytes: &[u8]) {
        let mut breaks = 0_usize;
        let mut after_cr = self.after_cr;
        for byte in bytes {
            // Nearly all bytes are of texts, above both.
            if *byte > b'\r' {
                after_cr = false;
                continue;
            }
            let is_break = *byte == b'\r' || (*byte == b'\n' && !after_cr);
            breaks = breaks.wrapping_add(usize::from(is_break));
            after_cr = *byte == b'\r';
        }
        self.breaks = self.breaks.saturating_add(breaks);
        self.after_cr = after_cr;
    }

    fn begin(&mut self) {
        (self.filled, self.ended) = (0, 0);
        (self.too_large, self.inside) = (false, false);
    }
}
