//! Splits a CSV text into records and cells, and knows where each of them stands.

use std::borrow::Cow;
use std::io::{self, BufRead};
use std::ops::RangeInclusive;

use super::faults;
use crate::error::{Error, Result};

/// A text that is read record by record: no more than one record, of [`LONGEST`] bytes, is in memory.
pub(super) struct Reader<'n, R> {
    source: R,
    /// What the text is called in errors.
    name: &'n str,
    /// What separates cells; a space stands for any number of spaces and tabs.
    pub separator: u8,
    /// The lines that are passed over.
    left_out: &'n [RangeInclusive<usize>],
    /// How many lines were read.
    pub lines: usize,
    /// The line on which the record starts.
    pub start: usize,
    /// Usually a line; several, joined by `\n`, where quotes hold line breaks. It is UTF-8.
    record: Vec<u8>,
    /// The record's cells.
    pub cells: Vec<Cell>,
    /// Whether the last line ended in `\r`: a `\n` behind it belongs to it.
    carriage_return: bool,
}

/// Where a cell lies in its record.
#[derive(Clone, Copy)]
pub(super) struct Cell {
    /// The first byte of its text, after spaces and a quote.
    start: u32,
    /// One past the last byte of its text.
    end: u32,
    /// Where the separator after it stands, or the end of the record.
    next: u32,
    pub quoted: bool,
}

impl Cell {
    pub fn start(&self) -> usize {
        self.start as usize
    }
}

impl<'n, R: BufRead> Reader<'n, R> {
    pub fn new(
        source: R,
        name: &'n str,
        separator: u8,
        left_out: &'n [RangeInclusive<usize>],
    ) -> Self {
        let (lines, start, record, cells, carriage_return) = (0, 1, vec![], vec![], false);
        Reader { source, name, separator, left_out, lines, start, record, cells, carriage_return }
    }

    /// Reads the next record that is not blank. False after the last.
    pub fn next(&mut self) -> Result<bool> {
        while self.line()? {
            self.split(0)?;
            if self.cells.iter().any(|&cell| !self.text(cell).is_empty()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The text of a cell, without quotes and without what is invisible around it.
    pub fn text(&self, cell: Cell) -> Cow<'_, str> {
        let text =
            trim(str::from_utf8(&self.record[cell.start()..cell.end as usize]).unwrap_or(""));
        match cell.quoted && text.contains("\"\"") {
            true => Cow::Owned(text.replace("\"\"", "\"")),
            false => Cow::Borrowed(unquoted(text)),
        }
    }

    /// The texts of all cells.
    pub fn texts(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.cells.iter().map(|&cell| self.text(cell))
    }

    /// The record up to a byte.
    pub fn before(&self, at: usize) -> &str {
        str::from_utf8(&self.record[..at]).unwrap_or_default()
    }

    /// Where the record ends.
    pub fn end(&self) -> usize {
        self.record.len()
    }

    /// The error, with its place: byte `at` of the record.
    pub fn locate(&self, at: usize, error: Error) -> Error {
        let before = self.before(at);
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let line = self.start + before.matches('\n').count();
        let column = before[start..].chars().count() + 1;
        let text = self.before(self.end())[start..].split('\n').next().unwrap_or_default();
        error.at(self.name, line, column, text)
    }

    /// The error, in a cell of the record.
    pub fn locate_cell(&self, k: usize, error: Error) -> Error {
        self.locate(self.cells.get(k).map_or(0, Cell::start), error)
    }

    /// Starts a record with the next line that is not empty. False if there is none.
    pub fn line(&mut self) -> Result<bool> {
        loop {
            self.record.clear();
            self.skip_line_ends().map_err(|error| faults::unreadable(self.name, error))?;
            self.start = self.lines + 1;
            let found = self.append_line()?;
            if !found || !self.left_out.iter().any(|lines| lines.contains(&self.start)) {
                return Ok(found);
            }
        }
    }

    /// Appends the next line, which must be UTF-8, to the record. False if there is none.
    fn append_line(&mut self) -> Result<bool> {
        let start = self.record.len();
        if !self.read_line().map_err(|error| faults::unreadable(self.name, error))? {
            return Ok(false);
        }
        self.lines += 1;
        if self.lines == 1 && self.record.starts_with(BYTE_ORDER_MARK) {
            self.record.drain(..BYTE_ORDER_MARK.len());
        }
        let line = &self.record[start..];
        match str::from_utf8(line) {
            Ok(_) => Ok(true),
            Err(error) => Err(faults::not_utf8(self.name, self.lines, line, error.valid_up_to())),
        }
    }

    /// Appends the next line, without its end: `\n`, `\r\n` or `\r`. False if there is none.
    fn read_line(&mut self) -> io::Result<bool> {
        let mut found = false;
        loop {
            let buffer = filled(&mut self.source)?;
            if buffer.is_empty() {
                return Ok(found);
            }
            if std::mem::take(&mut self.carriage_return) && buffer[0] == b'\n' {
                self.source.consume(1);
                continue;
            }
            found = true;
            let end = buffer.iter().position(|&byte| is_line_end(byte));
            let length = end.unwrap_or(buffer.len());
            if self.record.len() + length > LONGEST {
                return Err(io::Error::other("a line has more than 32 MiB"));
            }
            self.record.extend_from_slice(&buffer[..length]);
            self.carriage_return = end.is_some_and(|end| buffer[end] == b'\r');
            self.source.consume(length + usize::from(end.is_some()));
            if end.is_some() {
                return Ok(true);
            }
        }
    }

    /// Passes over line ends, a hundred million of them in a moment.
    fn skip_line_ends(&mut self) -> io::Result<()> {
        loop {
            let buffer = filled(&mut self.source)?;
            let count = buffer.iter().take_while(|&&byte| is_line_end(byte)).count();
            for &byte in &buffer[..count] {
                self.lines += usize::from(byte == b'\r' || !self.carriage_return);
                self.carriage_return = byte == b'\r';
            }
            let more = count == buffer.len() && count > 0;
            self.source.consume(count);
            if !more {
                return Ok(());
            }
        }
    }

    /// Reads the next line, which begins with `#`, as if it did not. False if there is none.
    pub fn commented(&mut self) -> Result<bool> {
        let found = self.line()?;
        let hash = self.record.iter().position(|&byte| byte == b'#');
        self.split(hash.map_or(0, |at| at + 1))?;
        Ok(found)
    }

    /// Finds the record's cells from byte `at` on, and reads further lines while a quote is open.
    fn split(&mut self, mut at: usize) -> Result<()> {
        self.cells.clear();
        loop {
            let cell = self.cell(at)?;
            if self.cells.len() == MOST_CELLS {
                return Err(self.locate(at, faults::TOO_MANY.of("", [])));
            }
            self.cells.push(cell);
            if cell.next as usize == self.record.len() {
                return Ok(());
            }
            at = cell.next as usize + 1;
        }
    }

    /// The cell that starts at byte `at`.
    fn cell(&mut self, at: usize) -> Result<Cell> {
        let separator = self.separator;
        let blank =
            |&&byte: &&u8| matches!(byte, b' ' | b'\t') && (byte != separator || byte == b' ');
        let spaces = |bytes: &[u8]| bytes.iter().take_while(blank).count();
        let separates = |byte: u8| byte == separator || separator == b' ' && byte == b'\t';
        let bytes = &self.record;
        let mut start = at + spaces(&bytes[at..]);
        let quoted = bytes.get(start) == Some(&b'"');
        let end = if quoted {
            start += 1;
            self.closing_quote(start)?
        } else {
            let length = bytes[start..].iter().position(|&byte| separates(byte));
            length.map_or(bytes.len(), |length| start + length)
        };
        let bytes = &self.record;
        let behind = end + usize::from(quoted);
        let mut next = behind + spaces(&bytes[behind..]);
        if separator == b' ' && next > behind && next < bytes.len() {
            next -= 1; // the last of several spaces is what separates
        }
        match bytes.get(next) {
            Some(&byte) if !separates(byte) => {
                let opened = self.start + self.before(start).matches('\n').count();
                let fact = format!("the quote was opened on line {opened}");
                Err(self.locate(next, faults::AFTER_QUOTE.of("", [fact])))
            }
            _ => Ok(Cell { start: start as u32, end: end as u32, next: next as u32, quoted }),
        }
    }

    /// Where the quote that opened before byte `start` is closed; two in a row mean one in the text.
    fn closing_quote(&mut self, start: usize) -> Result<usize> {
        let mut at = start;
        loop {
            let bytes = &self.record;
            match bytes[at..].iter().position(|&byte| byte == b'"') {
                Some(k) if bytes.get(at + k + 1) == Some(&b'"') => at += k + 2,
                Some(k) => return Ok(at + k),
                None => {
                    at = bytes.len();
                    self.record.push(b'\n');
                    if at > LONGEST / 2 || !self.append_line()? {
                        let fact = format!("it is open still on line {}", self.lines);
                        return Err(self.locate(start - 1, faults::UNCLOSED.of("", [fact])));
                    }
                }
            }
        }
    }
}

/// Whatever has no line ends, or a quote that is not closed, is not read until memory is full.
const LONGEST: usize = 1 << 25;

const MOST_CELLS: usize = 1_000_000;

pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

/// What can be read without waiting, nothing at the end.
fn filled(source: &mut impl BufRead) -> io::Result<&[u8]> {
    while let Err(error) = source.fill_buf() {
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    source.fill_buf()
}

/// Without spaces, and without what takes no place on the screen, around it.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || is_invisible(c))
}

/// Zero-width characters, marks of direction, and what old programs end a file with.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(u32::from(c), 0 | 0x1a | 0xad | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x2069)
        || c == '\u{feff}'
}

/// Without the single quotes of some programs around it.
fn unquoted(text: &str) -> &str {
    text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')).map_or(text, trim)
}
