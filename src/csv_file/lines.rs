//! Splits a file into lines, in chunks of any size. A line that is too large is skipped up to its end. Its bytes are passed
//! on instead of being kept.

use crate::input::batch::MAX_LINE;

/// Splits bytes into lines.
#[derive(Default)]
pub struct Lines {
    begun: Vec<u8>,
    too_large: bool,
    breaks: usize,
    overflow: Vec<u8>,
}

/// A line that is not empty.
#[derive(Clone, Copy)]
pub struct Line<'a> {
    /// Its number, from 1.
    pub number: usize,
    /// Its text, or `None` if it is too large.
    pub text: Option<&'a [u8]>,
}

impl Lines {
    /// Reads a chunk, and passes each line that ends in it to `each`.
    pub fn read(&mut self, mut chunk: &[u8], each: &mut dyn FnMut(Line<'_>)) {
        while let Some(end) = chunk.iter().position(|byte| *byte == b'\n') {
            let (line, rest) = chunk.split_at_checked(end).unwrap_or((chunk, &[]));
            self.end(line, each);
            self.breaks = self.breaks.saturating_add(1);
            chunk = rest.get(1..).unwrap_or_default();
        }
        self.keep(chunk);
    }

    /// Passes on the last line, if no line break ended it.
    pub fn finish(&mut self, each: &mut dyn FnMut(Line<'_>)) {
        self.end(&[], each);
    }

    fn keep(&mut self, part: &[u8]) {
        if self.begun.len().saturating_add(part.len()) > MAX_LINE {
            self.too_large = true;
        }
        if self.too_large {
            self.overflow.append(&mut self.begun);
            self.overflow.extend_from_slice(part);
        } else {
            self.begun.extend_from_slice(part);
        }
    }

    /// Returns the bytes of lines that are too large, each with a line break at its end. Call this after each chunk.
    pub fn take_overflow(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.overflow)
    }

    fn end(&mut self, part: &[u8], each: &mut dyn FnMut(Line<'_>)) {
        let number = self.breaks.saturating_add(1);
        self.keep(part);
        if self.too_large {
            self.overflow.push(b'\n');
            each(Line { number, text: None });
        } else if !self.begun.trim_ascii().is_empty() {
            each(Line {
                number,
                text: Some(&self.begun),
            });
        }
        self.begun.clear();
        self.too_large = false;
    }
}
