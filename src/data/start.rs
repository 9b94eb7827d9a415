//! What kind of file this is, judged by its beginning: once, before the first row is read.

use std::collections::HashSet;

use super::Csv;
use super::cell::{decimal_mark, is_missing, is_number};
use super::csv::{BYTE_ORDER_MARK, Reader, trim};
use super::faults::{self, Fault};
use crate::error::{Error, Result};

/// So many bytes are looked at.
pub(super) const BEGINNING: usize = 1 << 18;

/// So many records are.
const RECORDS: usize = 12;

/// How a file begins.
pub(super) struct Start {
    pub separator: u8,
    /// `,` or `.`, if all numbers that decide it have the same.
    pub decimal: Option<char>,
    /// How many lines come before the header, or before the first row.
    pub skip: usize,
    pub header: bool,
    /// Whether the header is one cell short, as R writes it: the first column names the rows.
    pub row_names: bool,
    /// How many lines above it begin with `#`, and whether the last of these is the header.
    pub comments: usize,
    pub hash: bool,
    /// The columns in which a `+` stands.
    pub signs: Vec<usize>,
}

/// One of the first records.
struct Record {
    line: usize,
    /// Its first line.
    text: String,
    cells: Vec<String>,
    kinds: Vec<Kind>,
    quoted: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Number,
    Text,
    /// Nothing, or a mark that stands for it.
    Gap,
}

impl Record {
    fn of(csv: &Reader<'_, &[u8]>) -> Record {
        let text = csv.before(csv.end()).split('\n').next().unwrap_or_default().to_string();
        let cells: Vec<String> =
            csv.texts().map(|text| text.replace(char::is_control, " ")).collect();
        let kind = |cell: &String| match cell {
            cell if is_missing(cell) => Kind::Gap,
            cell if is_number(cell) => Kind::Number,
            _ => Kind::Text,
        };
        let kinds = cells.iter().map(kind).collect();
        Record { line: csv.start, text, cells, kinds, quoted: csv.cells[0].quoted }
    }

    fn has(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }

    /// Whether this record is one of examples like another one, as far as the kinds of cells tell.
    fn is_like(&self, other: &Record) -> bool {
        let mut pairs = self.kinds.iter().zip(&other.kinds);
        self.cells.len() == other.cells.len()
            && pairs.all(|(&a, &b)| a == b || a == Kind::Gap || b == Kind::Gap)
    }

    fn fault(&self, file: &str, fault: Fault, what: &str, facts: &[&str]) -> Error {
        let facts = facts.iter().map(|fact| fact.to_string());
        fault.of(what, facts).at(file, self.line, 1, &self.text)
    }
}

/// Looks at the beginning of a file; `whole` says that this is all of it.
pub(super) fn judge(
    beginning: &[u8],
    whole: bool,
    name: &str,
    options: &Csv,
    asked_for: &[&str],
) -> Result<Start> {
    let text = beginning.strip_prefix(BYTE_ORDER_MARK).unwrap_or(beginning).trim_ascii_start();
    if let Some((_, what, hint)) = KINDS.iter().find(|(magic, ..)| begins(text, magic)) {
        let error = faults::NO_TABLE.of(what, []).at(name, 1, 1, "");
        return Err(Error { hint: hint.to_string(), ..error });
    }
    let reader = |separator| Reader::new(beginning, name, separator, &options.without_lines);
    // `sep=;`, and lines that begin with `#`, stand above the table.
    let (mut given, mut skip, mut comments, mut comment) = (None, 0, 0, None);
    let mut lines = reader(b',');
    while lines.line().is_ok_and(|more| more) {
        let line = trim(lines.before(lines.end())).trim_matches('"');
        match line.strip_prefix("sep=").or(line.strip_prefix("SEP=")).unwrap_or(line).as_bytes() {
            [one] if line.len() == 5 => given = Some(*one),
            [b'\\', b't'] if line.len() == 6 => given = Some(b'\t'),
            [] if line.len() == 4 => given = Some(b'\t'),
            [] => continue,
            [b'#', ..] => (comment, comments) = (Some(skip), comments + 1),
            _ => break,
        }
        skip = lines.lines;
    }
    let mut records = vec![];
    let (mut separator, mut best) = (b',', (0, 0));
    for tried in given.map_or(b", ;|\t".to_vec(), |one| vec![one]) {
        let found = first_records(reader(tried), whole, skip);
        let score = score(tried, &found);
        if tried == b',' || given.is_some() || score >= best && score.0 > 0 {
            (separator, best, records) = (tried, score, found);
        }
    }
    let header = options.header.unwrap_or(true);
    let mut hash = false;
    if let Some(line) = comment.filter(|_| header) {
        let mut csv = reader(separator);
        while csv.lines < line && csv.line().is_ok_and(|more| more) {}
        let last = csv.commented().is_ok().then(|| Record::of(&csv));
        if let Some(last) = last.filter(|last| is_commented_header(last, &records)) {
            (skip, hash, comments) = (line, true, comments - 1);
            records.insert(0, last);
        }
    }
    let cells = || records.iter().flat_map(|record| record.cells.iter().enumerate());
    let mut marks = cells().filter_map(|(_, cell)| decimal_mark(cell));
    let decimal = marks.next().filter(|first| marks.all(|mark| mark == *first));
    let signs = cells().filter(|(_, cell)| *cell == "+").map(|(k, _)| k).collect();
    let row_names = header && has_row_names(&records, separator);
    if let [first, below @ ..] = &records[..]
        && header
    {
        let named = asked_for.iter().any(|name| first.cells.iter().any(|cell| cell == name));
        let judged = options.header.is_none() && !hash && !named;
        let width = common_width(&records).0;
        if judged {
            no_other_line(first, below, width, name)?;
        }
        if let [units, rows @ ..] = below
            && units.cells.len() == first.cells.len()
            && !first.has(Kind::Number)
            && names_nothing(units, rows)
        {
            let facts = ["such a line has units or rules, or is a second header"];
            return Err(units.fault(name, faults::UNITS, &units.line.to_string(), &facts));
        }
        if judged && let Some(what) = is_an_example(first, below) {
            let fact = format!("it has {} cells", first.cells.len());
            return Err(first.fault(name, faults::NO_HEADER, what, &[&fact]));
        }
    }
    Ok(Start { separator, decimal, skip, header, row_names, comments, hash, signs })
}

/// What makes the first record look like an example.
fn is_an_example(first: &Record, below: &[Record]) -> Option<&'static str> {
    const LIKE: &str = "looks like those below it";
    match (first.has(Kind::Number), first.has(Kind::Text)) {
        (true, false) => Some("is one of numbers"),
        (true, true) => below.first().filter(|row| first.is_like(row)).map(|_| LIKE),
        _ if below.first().is_none_or(|row| row.has(Kind::Number)) => None,
        _ => repeats(first, below).then_some(LIKE),
    }
}

/// Whether the rows have a cell more than the header, which is their name.
fn has_row_names(records: &[Record], separator: u8) -> bool {
    let [first, below @ ..] = records else { return false };
    let counts = |(k, row): (usize, &Record)| row.cells[0].parse() == Ok(k + 1);
    let names = below.iter().all(|row| row.kinds[0] != Kind::Number)
        || below.iter().enumerate().all(counts);
    // Unquoted, and between commas, the surplus may as well be decimals or a name's second half.
    let meant = below.iter().all(|row| row.quoted) || names && !b",;".contains(&separator);
    let surplus = |row: &Record| row.cells.len() == first.cells.len() + 1;
    let short = below.iter().all(surplus)
        && !below.iter().all(|row| row.cells.last().is_some_and(String::is_empty));
    !below.is_empty() && short && meant
}

/// Whether a line that begins with `#` names the columns of the records below it.
fn is_commented_header(line: &Record, below: &[Record]) -> bool {
    let numbers = |record: &Record| record.has(Kind::Number);
    let first = below.first().is_some_and(|first| {
        first.cells.len() == line.cells.len() && (numbers(first) || !below.iter().any(numbers))
    });
    first && line.cells.len() > 1 && !numbers(line)
}

/// Refuses a first line that counts rows and columns, or a title.
fn no_other_line(first: &Record, below: &[Record], width: usize, name: &str) -> Result<()> {
    let whole = |k: usize| first.cells.get(k).and_then(|cell| cell.parse::<usize>().ok());
    let classes = first.kinds.len() > 2 && first.kinds[2..].iter().all(|kind| *kind == Kind::Text);
    if classes && whole(0).is_some() && whole(1).is_some_and(|n| n + 1 == width) {
        let facts = ["behind the two numbers are the names of the classes"];
        return Err(first.fault(name, faults::COUNTS, &first.line.to_string(), &facts));
    }
    let filled = first.kinds.iter().filter(|&&kind| kind != Kind::Gap).count();
    let title = width > 1 && (first.cells.len() != width || filled < 2);
    let is_header = |k: &usize| {
        below[*k].cells.len() == width
            && below[*k].kinds.iter().all(|kind| *kind == Kind::Text)
            && below[*k..].iter().any(|row| row.has(Kind::Number))
    };
    let Some(header) = (0..below.len()).find(is_header).filter(|_| title) else { return Ok(()) };
    let (line, header) = (first.line, below[header].line);
    let lines =
        if header == line + 1 { line.to_string() } else { format!("{line}-{}", header - 1) };
    let what = format!("line {line} is a title, and the header is line {header}");
    Err(Error { what, ..first.fault(name, faults::TITLE, &lines, &[]) })
}

/// Whether no cell of this row is a number, and one has numbers below it only.
fn names_nothing(row: &Record, below: &[Record]) -> bool {
    let number = |row: &Record, k: usize| row.kinds.get(k) == Some(&Kind::Number);
    let rule = |cell: &String| cell.chars().all(|c| "-=:+_".contains(c));
    let ruled = row.cells.iter().all(rule) && row.cells.iter().any(|cell| cell.len() > 2);
    let over_numbers = |k| row.kinds[k] == Kind::Text && below.iter().all(|row| number(row, k));
    !below.is_empty() && !row.has(Kind::Number) && (ruled || (0..row.kinds.len()).any(over_numbers))
}

/// Whether the first row holds values of the rows below it, where all is text.
fn repeats(first: &Record, below: &[Record]) -> bool {
    let again = |k: &usize| {
        let same =
            |row: &Record| row.cells.get(*k) == first.cells.get(*k) && row.cells != first.cells;
        below.iter().any(same)
    };
    let different: HashSet<&String> = first.cells.iter().collect();
    let count = (0..first.cells.len()).filter(again).count();
    2 * count >= first.cells.len() || different.len() < first.cells.len()
}

fn first_records(mut csv: Reader<'_, &[u8]>, whole: bool, skip: usize) -> Vec<Record> {
    let mut records = vec![];
    while csv.lines < skip && csv.line().is_ok_and(|more| more) {}
    while records.len() < RECORDS && csv.next().is_ok_and(|more| more) {
        records.push(Record::of(&csv));
    }
    if !whole && (2..RECORDS).contains(&records.len()) {
        records.pop(); // it may have been cut
    }
    records
}

/// The width that most records have, and how many have it.
fn common_width(records: &[Record]) -> (usize, usize) {
    let count = |width| records.iter().filter(|record| record.cells.len() == width).count();
    let widths = records.iter().map(|record| record.cells.len());
    let counted = widths.map(|width| (width, count(width)));
    counted.max_by_key(|(_, count)| *count).unwrap_or((0, 0))
}

/// How well a separator fits: by the number of records that have the same width, then by this width.
/// Spaces are a last resort, as names and texts hold them.
fn score(separator: u8, records: &[Record]) -> (usize, usize) {
    match common_width(records) {
        (0 | 1, _) => (0, 0),
        (_, count) if separator == b' ' => (usize::from(count == records.len() && count > 1), 0),
        (width, count) => (1 + count, width),
    }
}

fn begins(text: &[u8], magic: &[u8]) -> bool {
    text.get(..magic.len()).is_some_and(|start| start.eq_ignore_ascii_case(magic))
}

/// How files begin that are no CSV files, what they are, and what to do.
const KINDS: [(&[u8], &str, &str); 23] = [
    (b"\x1f\x8b", "compressed by gzip", "unpack it first: gunzip FILE.gz"),
    (b"PK\x03\x04", "a zip archive or an Excel workbook", UNZIP),
    (b"BZh", "compressed by bzip2", "unpack it first: bunzip2 FILE.bz2"),
    (b"\xfd7zXZ", "compressed by xz", "unpack it first: unxz FILE.xz"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd", "unpack it first: unzstd FILE.zst"),
    (b"7z\xbc\xaf", "a 7z archive", "unpack it first, and give the CSV file that is in it"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", SAVE_AS),
    (b"<!doctype html", "a web page", DOWNLOAD),
    (b"<html", "a web page", DOWNLOAD),
    (b"<?xml", "XML", SAVE_AS),
    (b"@relation", "an ARFF file of Weka", SAVE_AS),
    (b"{\\rtf", "a formatted text", SAVE_AS),
    (b"{", "JSON", JSON),
    (b"[{", "JSON", JSON),
    (b"[[", "JSON", JSON),
    (b"[\n", "JSON", JSON),
    (b"[\r\n", "JSON", JSON),
    (b"version https://git-lfs", "a Git LFS pointer", "fetch the file itself: git lfs pull"),
    (b"%PDF", "a PDF", DOWNLOAD),
    (b"SQLite format 3", "an SQLite database", SAVE_AS),
    (b"PAR1", "a Parquet file", SAVE_AS),
    (b"\x89HDF", "an HDF5 file", SAVE_AS),
    (b"\x93NUMPY", "a NumPy array", "write it with numpy.savetxt(\"my.csv\", a, delimiter=\",\")"),
];

const UNZIP: &str = "unpack an archive first; save a workbook as `CSV UTF-8` in the spreadsheet";
const SAVE_AS: &str = "open it in the program it is from, and save the table as CSV";
const DOWNLOAD: &str =
    "look on the page for the link to the data, often called `raw` or `download`";
const JSON: &str = "convert it, for example pandas.read_json(FILE).to_csv(\"my.csv\", index=False)";
