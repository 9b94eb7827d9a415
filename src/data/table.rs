//! From records to numbers: what each column is used for, and what its cells hold.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io::{BufRead, Chain, Cursor, Read};
use std::sync::Arc;

use super::cell::{self, Odd, is_missing, is_number};
use super::csv::Reader;
use super::start::{self, Start};
use super::{Classifier, Column, Csv, faults};
use crate::error::{Error, Result, list};

/// More words than these are not made columns of.
pub(super) const MOST_WORDS: usize = 20;

/// What R and pandas call a first column that names or counts the rows.
const ROW_NAMES: [&str; 2] = ["", "Unnamed: 0"];

/// What a column is used for.
#[derive(Clone, Copy, Default, PartialEq)]
pub(super) enum Role {
    #[default]
    Feature,
    Label,
    LeftOut,
}

/// A column while it is read: there may be a million of them.
#[derive(Default)]
pub(super) struct Field {
    pub name: String,
    pub role: Role,
    /// Whether each of its words is to become a column.
    pub encode: bool,
    /// Whether a model knows its words, and it may hold no others.
    known: bool,
    /// Whether `-` is a word in it, as `+` is.
    signs: bool,
    /// How many of its cells have no value, are numbers, and are text.
    pub missing: u32,
    pub numbers: u32,
    pub texts: u32,
    /// The largest of its numbers, if they are small whole ones.
    pub largest: u8,
    /// Its words, by their numbers, and whether there are more that were not counted.
    pub words: BTreeSet<u32>,
    pub beyond: bool,
}

impl Field {
    /// How many words it holds.
    pub fn words(&self) -> usize {
        let least = if self.beyond { MOST_WORDS + 1 } else { 0 };
        self.words.len().max(least)
    }

    pub fn is_of_words(&self) -> bool {
        self.encode || self.known
    }

    /// How many classes it would have as the label, as far as this is known, if it could be.
    pub fn classes(&self) -> Option<usize> {
        let count = match (self.words(), self.numbers) {
            (0, 1..) => usize::from(self.largest) + 1,
            (words, 0) => words,
            _ => 0,
        };
        Some(count).filter(|count| (2..=MOST_WORDS).contains(count))
    }

    /// Whether a few texts are among many numbers: a fault in these cells.
    fn has_strays(&self) -> bool {
        !self.encode && self.texts > 0 && self.numbers >= self.texts
    }

    /// Whether its cells, or else its words, can become numbers.
    pub fn is_readable(&self) -> bool {
        let words = self.words();
        self.role != Role::Feature
            || self.known
            || self.texts == 0 && !self.encode
            || words == 2 && self.numbers == 0
            || self.encode && (2..=MOST_WORDS).contains(&words)
    }
}

/// A table whose columns are known, before its first row.
pub(super) struct Table<'a, R> {
    csv: Reader<'a, Chain<Cursor<Vec<u8>>, R>>,
    options: &'a Csv,
    start: Start,
    pub fields: Vec<Field>,
    /// Whether a model knows the columns: none can be left out.
    fixed: bool,
    words: Words,
}

impl<'a, R: BufRead> Table<'a, R> {
    /// Reads the header, or makes one. The roles are open.
    pub fn open(
        mut source: R,
        name: &'a str,
        options: &'a Csv,
        asked_for: &[&str],
    ) -> Result<Self> {
        let mut beginning = vec![];
        let limit = start::BEGINNING;
        let read = source.by_ref().take(limit as u64).read_to_end(&mut beginning);
        read.map_err(|error| faults::unreadable(name, error))?;
        let whole = beginning.len() < limit;
        let start = start::judge(&beginning, whole, name, options, asked_for)?;
        let source = Cursor::new(beginning).chain(source);
        let mut csv = Reader::new(source, name, start.separator, &options.without_lines);
        while csv.lines < start.skip && csv.line()? {}
        if !(if start.hash { csv.commented()? } else { csv.next()? }) {
            return Err(faults::EMPTY.of("", []).at(name, 1, 1, ""));
        }
        let mut names: Vec<String> = if start.header {
            csv.texts().map(|text| text.replace(char::is_control, " ")).collect()
        } else {
            (1..=csv.cells.len()).map(|k| format!("c{k}")).collect()
        };
        if start.row_names {
            names.insert(0, String::new());
        }
        let mut fields: Vec<Field> =
            names.into_iter().map(|name| Field { name, ..Field::default() }).collect();
        if fields.len() > 2 && ROW_NAMES.contains(&fields[0].name.as_str()) {
            fields[0].role = Role::LeftOut;
        }
        for &k in &start.signs {
            fields.get_mut(k).into_iter().for_each(|field| field.signs = true);
        }
        Ok(Table { csv, options, start, fields, fixed: false, words: Words::default() })
    }

    /// What each column is used for.
    pub fn assign(&mut self) -> Result<()> {
        let Table { csv, options, fields, .. } = self;
        if let [only] = &fields[..] {
            let fact = format!("the column is `{}`", list(&[&only.name]));
            return Err(faults::ONE_COLUMN.at(csv, 0, "", [fact]));
        }
        for (names, option, fault) in [
            (&options.without, "--without", faults::NOT_LEFT_OUT),
            (&options.encode, "--encode", faults::NOT_ENCODED),
        ] {
            let there = |name: &&String| fields.iter().any(|field| field.name == **name);
            if let Some(name) = names.iter().find(|name| !there(name)) {
                return Err(faults::no_column(fault, csv, option, name, fields));
            }
        }
        let mut seen = HashSet::new();
        for (k, field) in fields.iter_mut().enumerate() {
            if field.role == Role::LeftOut || options.without.contains(&field.name) {
                field.role = Role::LeftOut;
            } else if field.name.is_empty() {
                let fact = format!("the header has {} cells", csv.cells.len());
                return Err(faults::UNNAMED.at(csv, k, &(k + 1).to_string(), [fact]));
            } else if !seen.insert(&field.name) {
                let fact = format!("the second one is column {}", k + 1);
                return Err(faults::SAME_NAME.at(csv, k, &field.name, [fact]));
            } else if options.encode.contains(&field.name) {
                field.encode = true;
            }
        }
        let wanted = |field: &&mut Field| {
            let label = options.label.as_ref();
            field.role == Role::Feature && label.is_none_or(|label| field.name == *label)
        };
        match (fields.iter_mut().rev().find(wanted), &options.label) {
            (Some(field), _) => (field.role, field.encode) = (Role::Label, false),
            (None, Some(label)) => {
                return Err(faults::no_column(faults::NO_COLUMN, csv, "--label", label, fields));
            }
            (None, None) => {}
        }
        if !fields.iter().any(|field| field.role == Role::Feature) {
            let left_out = fields.iter().filter(|field| field.role == Role::LeftOut);
            let names: Vec<&str> = left_out.map(|field| field.name.as_str()).collect();
            let fact = format!("left out: {}", list(&names));
            return Err(faults::NO_FEATURES.at(csv, 0, "", [fact]));
        }
        Ok(())
    }

    /// Gives the columns the roles that they had in training.
    pub fn assign_known(&mut self, model: &Classifier) -> Result<()> {
        self.fixed = true;
        let Table { csv, options, fields, words, .. } = self;
        let Classifier { label, columns, classes, without, .. } = model;
        let there: HashSet<&String> = fields.iter().map(|field| &field.name).collect();
        if let Some(lost) = columns.iter().find(|column| !there.contains(&column.name)) {
            return Err(faults::LOST.at(csv, 0, &lost.name, [faults::columns(fields)]));
        }
        let known: HashMap<&String, &Column> = columns.iter().map(|c| (&c.name, c)).collect();
        let mut seen = HashSet::new();
        for (k, field) in fields.iter_mut().enumerate() {
            let left_out = without.contains(&field.name) || options.without.contains(&field.name);
            let known: Vec<&str> = match known.get(&field.name) {
                Some(column) => column.words.iter().map(|word| &**word).collect(),
                None if left_out || field.role == Role::LeftOut => {
                    field.role = Role::LeftOut;
                    continue;
                }
                None if field.name == *label => {
                    field.role = Role::Label;
                    classes.iter().map(String::as_str).collect()
                }
                None => {
                    let fact = format!("it is column {}", k + 1);
                    return Err(faults::SURPLUS.at(csv, k, &field.name, [fact]));
                }
            };
            if !seen.insert(&field.name) {
                let fact = format!("the second one is column {}", k + 1);
                return Err(faults::TWICE.at(csv, k, &field.name, [fact]));
            }
            field.known = !known.is_empty();
            field.words = known.into_iter().map(|word| words.number(word)).collect();
        }
        Ok(())
    }

    /// Reads all rows.
    pub fn rows(self) -> Result<Rows<'a>> {
        let Table { mut csv, options, start, fields, fixed, words } = self;
        let no_rows = csv.locate(csv.end(), faults::NO_ROWS.of("", []));
        // Where all names are numbers, a row that is equal is an example.
        let may_repeat =
            start.header && fields.iter().any(|field| field.name.parse::<f64>().is_err());
        let mut rows = Rows {
            drop_incomplete: options.drop_incomplete,
            not_missing: &options.not_missing,
            last_as_label: options.label.is_none() && !fixed,
            header: start.header,
            decimal: options.decimal.or(start.decimal),
            fields,
            fixed,
            words,
            may_repeat,
            ..Rows::default()
        };
        let mut more = !start.header || csv.next()?;
        while more {
            rows.add(&csv)?;
            more = csv.next()?;
        }
        if rows.lines.is_empty() {
            let all_dropped = rows.gap.take().filter(|_| rows.dropped > 0);
            return Err(all_dropped.map_or(no_rows, faults::all_incomplete));
        }
        rows.describe(&start);
        Ok(rows)
    }
}

/// What the rows hold, so far.
#[derive(Default)]
pub(super) struct Rows<'a> {
    drop_incomplete: bool,
    not_missing: &'a [String],
    pub last_as_label: bool,
    pub header: bool,
    pub fields: Vec<Field>,
    pub fixed: bool,
    /// Whether a row that holds the names of the columns is the header again.
    may_repeat: bool,
    /// `,` or `.`, if it is known.
    decimal: Option<char>,
    /// The features, row by row: numbers, and for a text the number of its word.
    pub x: Vec<f64>,
    /// The labels, as numbers of words.
    pub y: Vec<f64>,
    /// The line of each row.
    pub lines: Vec<u32>,
    pub words: Words,
    /// How many rows have gaps in the same columns.
    pub gaps: HashMap<Vec<u32>, usize>,
    /// How many others are incomplete, where there are too many kinds.
    pub other_gaps: usize,
    /// The first cell without a value: an error, once all of them are counted.
    pub gap: Option<Error>,
    /// Of some columns the first mark of a missing value that may be a word.
    pub marks: BTreeMap<usize, String>,
    /// What is wrong with the first text of some columns, and how long the lines are that are in these.
    pub faults: BTreeMap<usize, Error>,
    remembered: usize,
    /// The rows that end in an empty cell too much, the incomplete rows that were left out, and the
    /// lines that repeat the header.
    surplus: usize,
    dropped: usize,
    repeats: usize,
    /// The columns with numbers that are written in an unusual way, and the units of some.
    odd: BTreeMap<Odd, BTreeSet<usize>>,
    units: BTreeMap<usize, char>,
    /// What was done to the file.
    pub notes: Vec<String>,
}

/// So many kinds of incomplete rows are told apart.
const MOST_GAPS: usize = 1000;

/// So many bytes of lines with texts are remembered, in case that these are faults.
const REMEMBERED: usize = 1 << 20;

impl Rows<'_> {
    fn add(&mut self, csv: &Reader<'_, impl BufRead>) -> Result<()> {
        let names = self.fields.iter().map(|field| field.name.as_str());
        let texts = csv.texts().filter(|text| !text.is_empty());
        if self.may_repeat && texts.eq(names.filter(|name| !name.is_empty())) {
            self.repeats += 1;
            return Ok(());
        }
        let (mut cells, width) = (&csv.cells[..], self.fields.len());
        if cells.len() == width + 1 && csv.text(cells[width]).is_empty() {
            (cells, self.surplus) = (&cells[..width], self.surplus + 1);
        }
        if cells.len() != width {
            return Err(faults::ragged(csv, &self.fields));
        }
        let both = cells.iter().zip(&self.fields).enumerate();
        let gaps = both.filter(|(_, (cell, field))| self.is_gap(&csv.text(**cell), field));
        let gaps: Vec<u32> = gaps.map(|(k, _)| k as u32).collect();
        if let Some(&first) = gaps.first() {
            let (cell, field) = (csv.cells[first as usize], &self.fields[first as usize]);
            self.gap.get_or_insert_with(|| faults::missing(csv, cell, &field.name));
            if self.drop_incomplete {
                self.dropped += 1;
                return Ok(());
            }
        }
        let mut left = gaps.iter().peekable();
        for (k, &cell) in cells.iter().enumerate() {
            let role = self.fields[k].role;
            let value = if left.next_if_eq(&&(k as u32)).is_some() {
                self.fields[k].missing += 1;
                let mark = csv.text(cell);
                if !mark.is_empty() && self.marks.len() < 64 {
                    self.marks.entry(k).or_insert_with(|| mark.into_owned());
                }
                f64::NAN
            } else if role == Role::LeftOut {
                continue;
            } else {
                self.value(csv, k)?
            };
            if role == Role::Label { &mut self.y } else { &mut self.x }.push(value);
        }
        let told_apart = self.gaps.len() < MOST_GAPS || self.gaps.contains_key(&gaps);
        match gaps.is_empty() {
            true => {}
            false if told_apart => *self.gaps.entry(gaps).or_default() += 1,
            false => self.other_gaps += 1,
        }
        self.lines.push(csv.start as u32);
        Ok(())
    }

    /// Whether a cell lacks a value that is needed. Rows to be predicted may lack the label.
    fn is_gap(&self, text: &str, field: &Field) -> bool {
        if field.role == Role::LeftOut || !is_missing(text) {
            return false;
        }
        let label = field.role == Role::Label;
        let sign = text == "-" && (field.signs || label);
        let kept = self.not_missing.iter().any(|word| word == text);
        let known = field.known
            && (label || self.words.find(text).is_some_and(|word| field.words.contains(&word)));
        !(sign || kept || known)
    }

    /// A feature's number, or the number of a word or a class.
    fn value(&mut self, csv: &Reader<'_, impl BufRead>, k: usize) -> Result<f64> {
        let (text, field) = (csv.text(csv.cells[k]), &mut self.fields[k]);
        if field.role == Role::Label {
            // The classes `1` and `1.0` are the same.
            return match text.parse::<f64>() {
                Ok(x) if text.len() > 1 && x.is_finite() => {
                    self.word(csv, k, &(x + 0.0).to_string())
                }
                _ => self.word(csv, k, &text),
            };
        }
        let sure = || self.decimal.is_some() || !text.contains(',');
        let number = cell::number(&text, self.decimal.unwrap_or('.'))
            .filter(|_| !field.is_of_words() && (sure() || cell::number(&text, ',').is_none()));
        let Some(number) = number else { return self.word(csv, k, &text) };
        if field.numbers == 0 {
            self.units.extend(number.unit.map(|unit| (k, unit)));
        } else if self.units.get(&k).copied() != number.unit {
            let unit = self.units.get(&k).map_or("none".to_string(), char::to_string);
            let fact = format!("theirs in column `{}`: {unit}", field.name);
            return Err(faults::UNIT.at(csv, k, &text, [fact]));
        }
        if let Some(odd) = number.odd {
            self.odd.entry(odd).or_default().insert(k);
        }
        field.numbers += 1;
        let small = number.value >= 0.0 && number.value.fract() == 0.0; // above 255 it is 255
        field.largest = field.largest.max(if small { number.value as u8 } else { u8::MAX });
        Ok(number.value)
    }

    /// The number of a word.
    fn word(&mut self, csv: &Reader<'_, impl BufRead>, k: usize, text: &str) -> Result<f64> {
        let (field, shown) = (&mut self.fields[k], visible(text));
        let label = field.role == Role::Label;
        if field.known {
            return match self.words.find(&shown).filter(|word| field.words.contains(word)) {
                Some(word) => Ok(f64::from(word)),
                None if label && is_missing(text) => Ok(f64::NAN),
                None => {
                    let known = list(&self.words.of(&field.words));
                    let facts = [format!("column `{}`", field.name), format!("what did: {known}")];
                    Err(faults::UNKNOWN_WORD.at(csv, k, text, facts))
                }
            };
        }
        if !label && !field.encode && field.texts == 0 && is_number(text) {
            return Err(faults::not_a_number(csv, k, &field.name, self.decimal));
        }
        let word = self.words.number(&shown);
        field.texts += 1;
        field.beyond |= word == MOST_DIFFERENT;
        // The first class may stay alone, and the third one is one too many.
        let told =
            field.words.insert(word) && (field.words.len() == 1 || label && field.words.len() == 3);
        if told && (label || self.remembered < REMEMBERED) {
            self.remembered += csv.end();
            let fault = match label {
                true => faults::class(csv, csv.cells[k]),
                false => faults::not_a_number(csv, k, &field.name, self.decimal),
            };
            self.faults.insert(k, fault);
        }
        Ok(f64::from(word))
    }

    /// Notes what was done to the file.
    fn describe(&mut self, start: &Start) {
        let lines = |count| if count == 1 { "1 line".into() } else { format!("{count} lines") };
        let mut note = |told: bool, text: String| self.notes.extend(told.then_some(text));
        let (comments, repeats, dropped) = (start.comments, self.repeats, self.dropped);
        let surplus = self.surplus;
        note(comments > 0, format!("left out, as beginning with #: {}", lines(comments)));
        let first = &self.fields[0];
        let names_rows = first.role == Role::LeftOut && ROW_NAMES.contains(&first.name.as_str());
        let called = if first.name.is_empty() { "without a name" } else { &first.name };
        note(names_rows, format!("left out, as it names the rows: the first column, {called}"));
        note(repeats > 0, format!("left out, as repeating the header: {}", lines(repeats)));
        note(surplus > 0, format!("left out, as empty: a last cell, of {}", lines(surplus)));
        let count = dropped + self.lines.len();
        note(dropped > 0, format!("left out, as incomplete: {dropped} of {count} rows"));
        for ((what, sign), columns) in &self.odd {
            let names: Vec<&str> = columns.iter().map(|&k| self.fields[k].name.as_str()).collect();
            let code = match sign.is_ascii() {
                true => String::new(),
                false => format!(" (U+{:04X})", u32::from(*sign)),
            };
            note(true, format!("read as numbers, with {what}{code}: {}", list(&names)));
        }
    }

    pub fn label(&self) -> Option<&Field> {
        self.fields.iter().find(|field| field.role == Role::Label)
    }

    /// The values of the label in their order. Of many the first ones.
    pub fn classes(&self) -> Vec<Arc<str>> {
        self.label().map_or(vec![], |field| self.words.of(&field.words))
    }

    /// Refuses a few texts in columns of numbers, if this is all that is wrong with the columns.
    pub fn check_strays(&self) -> Result<()> {
        let mut unreadable =
            self.fields.iter().enumerate().filter(|(_, field)| !field.is_readable());
        let Some((k, first)) = unreadable.next() else { return Ok(()) };
        let strays = first.has_strays() && unreadable.all(|(_, field)| field.has_strays());
        match self.faults.get(&k).filter(|_| strays) {
            Some(fault) => Err(faults::stray(fault, first)),
            None => Ok(()),
        }
    }

    /// Refuses texts that are no numbers, and gaps.
    pub fn check(&mut self) -> Result<()> {
        self.check_strays()?;
        let first = self.fields.iter().position(|field| !field.is_readable());
        let first = first.and_then(|k| {
            self.faults.remove(&k).or(self.faults.pop_first().map(|(_, fault)| fault))
        });
        if let Some(fault) = first {
            return Err(faults::texts(fault, self));
        }
        match self.gap.take() {
            Some(gap) if self.fields.iter().any(|field| field.missing > 0) => {
                Err(faults::all_missing(gap, self))
            }
            _ => Ok(()),
        }
    }
}

/// Without control characters, which would move the cursor.
fn visible(text: &str) -> Cow<'_, str> {
    match text.contains(char::is_control) {
        true => Cow::Owned(text.replace(char::is_control, " ")),
        false => Cow::Borrowed(text),
    }
}

const MOST_DIFFERENT: u32 = 100_000;

/// All words of all columns, each once. What comes after the first [`MOST_DIFFERENT`] is one word.
#[derive(Default)]
pub(super) struct Words {
    numbers: HashMap<Arc<str>, u32>,
    texts: Vec<Arc<str>>,
}

impl Words {
    fn find(&self, text: &str) -> Option<u32> {
        self.numbers.get(text).copied()
    }

    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.find(text) {
            return number;
        }
        let number = self.texts.len() as u32;
        if number < MOST_DIFFERENT {
            let text: Arc<str> = text.into();
            self.texts.push(text.clone());
            self.numbers.insert(text, number);
        }
        number
    }

    /// The words of a column, or the classes of the label, in their order: by size if they are numbers,
    /// else by the alphabet. Of many the first ones.
    pub fn of(&self, words: &BTreeSet<u32>) -> Vec<Arc<str>> {
        let counted = words.iter().filter(|number| **number < MOST_DIFFERENT);
        let counted = counted.take(MOST_WORDS + 1);
        let mut words: Vec<_> = counted.map(|&word| self.texts[word as usize].clone()).collect();
        let size = |word: &str| word.parse::<f64>();
        let numbers = words.iter().all(|word| size(word).is_ok());
        words.sort_by(|word, other| match (size(word), size(other)) {
            (Ok(x), Ok(y)) if numbers => x.total_cmp(&y).then(word.cmp(other)),
            _ => word.cmp(other),
        });
        words
    }

    /// Each value, which is the number of a word, becomes the place of this word among these; NaN stays.
    pub fn place<'v>(&self, values: impl Iterator<Item = &'v mut f64>, words: &[impl AsRef<str>]) {
        let number = |word: &_| self.find(AsRef::as_ref(word)).map(f64::from);
        let numbers: Vec<Option<f64>> = words.iter().map(number).collect();
        for value in values {
            let place = numbers.iter().position(|number| *number == Some(*value));
            *value = place.map_or(f64::NAN, |place| place as f64);
        }
    }
}
