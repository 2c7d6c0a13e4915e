//! Splits CSV into records, in chunks of any size. A record that is too large, for example because of an unclosed quote, is
//! skipped up to its end. Its original bytes are passed on instead of being kept.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use crate::input::batch::MAX_LINE;

/// The most cells of a record.
const MAX_CELLS: usize = 4_096;

/// Splits bytes into records.
pub struct Records {
    reader: Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
    filled: usize,
    ended: usize,
    too_large: bool,
    inside: bool,
    /// The number of line breaks so far, the last byte, and the line in which the record begins.
    breaks: usize,
    last_byte: u8,
    line: usize,
    /// The original bytes of the record, without those that were passed on already.
    raw: Vec<u8>,
    quotes: Quotes,
    /// Whether the file ended within quotes.
    is_open: bool,
}

/// Finds misplaced quotes in a record. An unclosed quote merges the following rows up to the next quote, which then closes
/// within a cell instead of at its end.
struct Quotes {
    delimiter: u8,
    state: State,
    are_misplaced: bool,
}

#[derive(Clone, Copy)]
enum State {
    CellStart,
    Plain,
    Quoted,
    /// After a quote that closed the cell, or is the first of two.
    Closed,
}

impl Quotes {
    const fn new(delimiter: u8) -> Self {
        Self {
            delimiter,
            state: State::CellStart,
            are_misplaced: false,
        }
    }

    fn read(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let ends_cell = *byte == self.delimiter || matches!(byte, b'\r' | b'\n');
            self.state = match (self.state, *byte) {
                (State::Quoted, b'"') => State::Closed,
                (State::CellStart | State::Closed, b'"') | (State::Quoted, _) => State::Quoted,
                _ if ends_cell => State::CellStart,
                (State::Closed, _) => {
                    self.are_misplaced = true;
                    State::Plain
                }
                _ => State::Plain,
            };
        }
    }
}

/// A record.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    /// The line in which it begins, from 1.
    pub line: usize,
    /// The line in which it ends.
    pub last_line: usize,
    text: &'a [u8],
    ends: &'a [usize],
    /// Whether it was too large to be kept.
    pub too_large: bool,
    /// Whether the file ended within its quotes.
    pub is_open: bool,
    /// Whether a quote merged rows: the record has several lines, and a quote that closes within a cell.
    pub is_merged: bool,
    /// Its original bytes, after those that [`Records::take_overflow`] returned.
    pub raw: &'a [u8],
}

impl<'a> Record<'a> {
    /// Returns its cells, or `None` if they are not UTF-8.
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

    /// Returns the place of the first cell that is not blank.
    #[must_use]
    pub fn first_filled(&self) -> Option<usize> {
        let filled = self
            .text
            .iter()
            .position(|byte| !byte.is_ascii_whitespace())?;
        self.ends.iter().position(|end| *end > filled)
    }

    /// Returns its cells, with U+FFFD where they are not UTF-8.
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
    /// Creates a reader of a file with a delimiter.
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
            last_byte: 0,
            line: 0,
            raw: Vec::new(),
            quotes: Quotes::new(delimiter),
            is_open: false,
        }
    }

    /// Reads a chunk, and passes each record that ends in it to `each`.
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
            let read = self.step(chunk, true, each);
            chunk = chunk.get(read..).unwrap_or_default();
        }
    }

    /// Returns the original bytes so far of a record that is too large. Call this after each chunk, so that they don't pile up
    /// in memory.
    pub fn take_overflow(&mut self) -> Vec<u8> {
        if !self.too_large {
            return Vec::new();
        }
        self.quotes.read(&self.raw);
        std::mem::take(&mut self.raw)
    }

    /// Passes on the last record, if no line break ended it.
    pub fn finish(&mut self, each: &mut dyn FnMut(Record<'_>)) {
        // An additional line break ends the record, unless it is within quotes.
        let mut end: &[u8] = b"\n";
        while self.inside && !end.is_empty() {
            let read = self.step(end, false, each);
            end = end.get(read..).unwrap_or_default();
        }
        self.is_open = self.inside;
        while self.inside {
            self.step(&[], false, each);
        }
    }

    fn step(&mut self, chunk: &[u8], is_of_file: bool, each: &mut dyn FnMut(Record<'_>)) -> usize {
        if !self.inside {
            self.inside = true;
            self.line = self.breaks.saturating_add(1);
        }
        let text = self.text.get_mut(self.filled..).unwrap_or_default();
        let ends = self.ends.get_mut(self.ended..).unwrap_or_default();
        let (result, read, filled, ended) = self.reader.read_record(chunk, text, ends);
        if is_of_file {
            let bytes = chunk.get(..read).unwrap_or_default();
            self.count_breaks(bytes);
            self.raw.extend_from_slice(bytes);
        }
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
                let unfinished = usize::from(!matches!(self.last_byte, b'\r' | b'\n'));
                let last_line = self.breaks.saturating_add(unfinished);
                // Nearly all records have one line.
                if last_line > self.line {
                    self.quotes.read(&self.raw);
                }
                each(Record {
                    line: self.line,
                    last_line,
                    is_open: self.is_open,
                    is_merged: self.quotes.are_misplaced && last_line > self.line,
                    raw: &self.raw,
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
        let mut after_cr = self.last_byte == b'\r';
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
        self.last_byte = bytes.last().copied().unwrap_or(self.last_byte);
    }

    fn begin(&mut self) {
        (self.filled, self.ended) = (0, 0);
        (self.too_large, self.inside) = (false, false);
        self.raw.clear();
        self.quotes = Quotes::new(self.quotes.delimiter);
    }
}
