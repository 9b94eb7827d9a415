//! Splits a CSV text into records and cells, and knows where each of them stands.

use std::borrow::Cow;
use std::io::{self, BufRead};

use crate::error::{Error, Result};

/// A text that is read record by record: no more than one record, of 64 MiB at most, is in memory.
pub(super) struct Reader<'n, R> {
    source: R,
    /// What the text is called in errors.
    name: &'n str,
    /// What separates cells, as the header shows.
    separator: u8,
    /// How many lines were read.
    pub lines: usize,
    /// The line on which the record starts.
    start: usize,
    /// Usually a line; several, joined by `\n`, where quotes hold line breaks.
    record: String,
    /// The record's cells.
    pub cells: Vec<Cell>,
    /// A line before it is known to be UTF-8.
    bytes: Vec<u8>,
}

/// Where a cell lies in its record.
#[derive(Clone, Copy)]
pub(super) struct Cell {
    /// The first byte of its text, after spaces and a quote.
    pub start: usize,
    /// One past the last byte of its text.
    end: usize,
    /// Where the separator after it stands, or the end of the record.
    next: usize,
    quoted: bool,
}

/// Later ones win a tie: a name such as `weight, kg` holds a comma, and hardly a tab.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

impl<'n, R: BufRead> Reader<'n, R> {
    pub fn new(source: R, name: &'n str) -> Self {
        let (record, cells, bytes) = (String::new(), vec![], vec![]);
        Reader { source, name, separator: b',', lines: 0, start: 1, record, cells, bytes }
    }

    /// Reads the first record that is not blank and learns from it what separates cells: what does
    /// so most often, outside of quotes. False if there is none.
    pub fn header(&mut self) -> Result<bool> {
        while self.line()? {
            if self.record.trim().is_empty() {
                continue;
            }
            self.split(|byte| SEPARATORS.contains(&byte))?;
            let bytes = self.record.as_bytes();
            let count = |separator: &u8| {
                self.cells.iter().filter(|cell| bytes.get(cell.next) == Some(separator)).count()
            };
            self.separator = SEPARATORS.into_iter().max_by_key(count).unwrap_or(b',');
            let separator = self.separator;
            self.split(|byte| byte == separator)?;
            return Ok(true);
        }
        Ok(false)
    }

    /// Reads the next record that is not blank. False after the last.
    pub fn next(&mut self) -> Result<bool> {
        let separator = self.separator;
        while self.line()? {
            self.split(|byte| byte == separator)?;
            if self.cells.iter().any(|&cell| !self.text(cell).is_empty()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The text of a cell, without quotes and spaces around it.
    pub fn text(&self, cell: Cell) -> Cow<'_, str> {
        let text = self.record[cell.start..cell.end].trim();
        match cell.quoted && text.contains("\"\"") {
            true => Cow::Owned(text.replace("\"\"", "\"")),
            false => Cow::Borrowed(text),
        }
    }

    /// Where the record ends.
    pub fn end(&self) -> usize {
        self.record.len()
    }

    pub fn separator(&self) -> &'static str {
        match self.separator {
            b',' => ",",
            b';' => ";",
            _ => "tab",
        }
    }

    /// The error, with its place: byte `at` of the record.
    pub fn locate(&self, at: usize, error: Error) -> Error {
        let before = &self.record[..at];
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let line = self.start + before.matches('\n').count();
        let column = before[start..].chars().count() + 1;
        let text = self.record[start..].split('\n').next().unwrap_or_default();
        error.at(self.name, line, column, text)
    }

    /// Starts a record with the next line. False if there is none.
    fn line(&mut self) -> Result<bool> {
        self.record.clear();
        self.start = self.lines + 1;
        self.append_line()
    }

    /// Appends the next line, which must be UTF-8, to the record. False if there is none.
    fn append_line(&mut self) -> Result<bool> {
        self.bytes.clear();
        let found = read_line(&mut self.source, &mut self.bytes);
        if !found.map_err(|error| unreadable(self.name, error))? {
            return Ok(false);
        }
        self.lines += 1;
        let byte_order_mark: &[u8] = if self.lines == 1 { b"\xef\xbb\xbf" } else { b"" };
        let line = self.bytes.strip_prefix(byte_order_mark).unwrap_or(&self.bytes);
        match std::str::from_utf8(line) {
            Ok(line) => self.record.push_str(line),
            Err(error) => return Err(not_utf8(self.name, self.lines, line, error.valid_up_to())),
        }
        Ok(true)
    }

    /// Finds the record's cells, and reads further lines while a quote is open.
    fn split(&mut self, separates: impl Fn(u8) -> bool) -> Result<()> {
        self.cells.clear();
        let mut at = 0;
        loop {
            let cell = self.cell(at, &separates)?;
            self.cells.push(cell);
            if cell.next == self.record.len() {
                return Ok(());
            }
            at = cell.next + 1;
        }
    }

    /// The cell that starts at byte `at`.
    fn cell(&mut self, at: usize, separates: impl Fn(u8) -> bool) -> Result<Cell> {
        let space = |byte: &&u8| matches!(**byte, b' ' | b'\t') && !separates(**byte);
        let spaces = |bytes: &[u8]| bytes.iter().take_while(space).count();
        let bytes = self.record.as_bytes();
        let start = at + spaces(&bytes[at..]);
        if bytes.get(start) != Some(&b'"') {
            let length = bytes[start..].iter().position(|&byte| separates(byte));
            let end = length.map_or(bytes.len(), |length| start + length);
            return Ok(Cell { start, end, next: end, quoted: false });
        }
        let start = start + 1;
        let end = self.closing_quote(start)?;
        let bytes = self.record.as_bytes();
        let next = end + 1 + spaces(&bytes[end + 1..]);
        match bytes.get(next) {
            Some(&byte) if !separates(byte) => Err(self.after_quote(start, next)),
            _ => Ok(Cell { start, end, next, quoted: true }),
        }
    }

    /// Where the quote that opened before byte `start` is closed; two in a row mean one in the text.
    fn closing_quote(&mut self, start: usize) -> Result<usize> {
        let mut at = start;
        loop {
            let bytes = self.record.as_bytes();
            match bytes[at..].iter().position(|&byte| byte == b'"') {
                Some(k) if bytes.get(at + k + 1) == Some(&b'"') => at += k + 2,
                Some(k) => return Ok(at + k),
                None => {
                    at = bytes.len();
                    self.record.push('\n');
                    if at > LONGEST || !self.append_line()? {
                        return Err(self.unclosed(start - 1));
                    }
                }
            }
        }
    }

    fn unclosed(&self, at: usize) -> Error {
        let error = Error::new(
            "this quote is not closed",
            [format!("it is open still on line {}", self.lines)],
            "inside quotes, separators and line ends belong to the cell",
            "close it with a second \" at the end of the cell, or delete it",
        );
        self.locate(at, error)
    }

    fn after_quote(&self, start: usize, at: usize) -> Error {
        let opened = self.start + self.record[..start].matches('\n').count();
        let error = Error::new(
            "text follows a closing quote",
            [format!("the quote was opened on line {opened}")],
            "a quoted cell ends with its quote; one that belongs to it is written twice",
            "write a quote inside the cell as \"\", or close the cell where it ends",
        );
        self.locate(at, error)
    }
}

/// Whatever has no line ends, or a quote that is not closed, is not read until memory is full.
const LONGEST: usize = 1 << 26;

/// Appends the next line to `line`, without its end: `\n`, `\r\n` or `\r`. False if there is none.
fn read_line(source: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    let mut found = false;
    loop {
        let buffer = match source.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            buffer => buffer?,
        };
        if buffer.is_empty() {
            return Ok(found);
        }
        found = true;
        let Some(end) = buffer.iter().position(|&byte| matches!(byte, b'\n' | b'\r')) else {
            if line.len() > LONGEST {
                return Err(io::Error::other("a line has more than 64 MiB"));
            }
            line.extend_from_slice(buffer);
            let length = buffer.len();
            source.consume(length);
            continue;
        };
        line.extend_from_slice(&buffer[..end]);
        let carriage_return = buffer[end] == b'\r';
        source.consume(end + 1);
        if carriage_return && source.fill_buf()?.first() == Some(&b'\n') {
            source.consume(1);
        }
        return Ok(true);
    }
}

pub(super) fn unreadable(name: &str, error: io::Error) -> Error {
    Error::new(
        format!("cannot read {name}: {error}"),
        [],
        "the examples come from this file",
        "give the path of a CSV file, as seen from the folder in which you are",
    )
}

fn not_utf8(name: &str, number: usize, line: &[u8], valid: usize) -> Error {
    let text = String::from_utf8_lossy(line);
    let column = String::from_utf8_lossy(&line[..valid]).chars().count() + 1;
    let byte = line.get(valid).copied().unwrap_or_default();
    let mark = number == 1 && matches!(line, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]);
    let guess = if mark { "it begins as UTF-16 does" } else { "in Latin-1 a byte is a letter" };
    Error::new(
        "this is not UTF-8 text",
        [format!("byte {byte:#04x} has no meaning here; {guess}")],
        "which bytes make a letter depends on the encoding; UTF-8 is read here",
        "save the file as UTF-8; spreadsheets and editors offer it in `Save as`",
    )
    .at(name, number, column, &text)
}
