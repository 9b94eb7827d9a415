//! From records to numbers: what each column is used for, and what its cells hold.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::{BufRead, Cursor, Read};
use std::rc::Rc;

use super::cell::{is_missing, is_number};
use super::csv::{self, Cell, Reader};
use super::start::{self, Start};
use super::{Classifier, Column, Csv, faults};
use crate::error::{Error, Result};

/// More words than these are not made columns of.
pub(super) const MOST_WORDS: usize = 20;

/// More classes than these are not told apart: two are wanted, and the others listed in an error.
pub(super) const CLASSES: usize = 9;

/// What a column is used for.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Role {
    Feature,
    Label,
    LeftOut,
}

/// A column while it is read.
pub(super) struct Field {
    pub name: String,
    pub role: Role,
    /// How many of its cells have no value, are numbers.
    pub missing: u32,
    pub numbers: u32,
    /// Whether one of its numbers is neither 0 nor 1.
    other_numbers: bool,
    /// If it holds text.
    pub text: Option<Box<Text>>,
    /// The words or classes that it may hold, if a model knows them.
    known: Box<[String]>,
}

impl Field {
    fn is_of_words(&self) -> bool {
        !self.known.is_empty() || self.text.as_ref().is_some_and(|text| text.encode)
    }

    /// Whether it could be the label, as far as this is known.
    pub fn has_two_values(&self) -> bool {
        let words = self.text.as_ref().map_or(0, |text| text.words());
        words == 2 && self.numbers == 0 || words == 0 && self.numbers > 0 && !self.other_numbers
    }

    /// Whether its words can become numbers.
    pub fn is_readable(&self) -> bool {
        self.text.as_ref().is_none_or(|text| match text.words() {
            2 => self.numbers == 0,
            words => text.encode && (2..=MOST_WORDS).contains(&words),
        })
    }
}

#[derive(Default)]
pub(super) struct Text {
    /// Whether each word is to become a column.
    pub encode: bool,
    pub cells: u32,
    /// Its first words, and the others.
    first: Vec<u32>,
    others: BTreeSet<u32>,
    /// Whether there are more that were not counted.
    pub beyond: bool,
    /// What is wrong with its first cell, of the first columns.
    pub fault: Option<Box<Error>>,
}

impl Text {
    pub fn words(&self) -> usize {
        let count = self.first.len() + self.others.len();
        if self.beyond { count.max(MOST_WORDS + 1) } else { count }
    }
}

/// A table whose columns are known, before its first row.
pub(super) struct Table<'n, R> {
    pub csv: Reader<'n, R>,
    start: Start,
    pub fields: Vec<Field>,
    /// Whether a model knows the columns: none can be left out.
    fixed: bool,
}

/// Reads the header, or makes one. The roles are open.
pub(super) fn open<'n, R: BufRead>(
    mut source: R,
    name: &'n str,
    header: Option<bool>,
    asked_for: &[&str],
) -> Result<Table<'n, impl BufRead + use<R>>> {
    let mut beginning = vec![];
    let limit = start::BEGINNING;
    let read = source.by_ref().take(limit as u64).read_to_end(&mut beginning);
    read.map_err(|error| csv::unreadable(name, error))?;
    let start = start::judge(&beginning, beginning.len() < limit, name, header, asked_for)?;
    let mut csv = Reader::new(Cursor::new(beginning).chain(source), name, start.separator);
    while csv.lines < start.skip && csv.line()? {}
    if !(if start.hash { csv.commented()? } else { csv.next()? }) {
        return Err(faults::no_rows("the file is empty").at(name, 1, 1, ""));
    }
    let mut names: Vec<String> = if start.header {
        csv.texts().map(|text| text.replace(char::is_control, " ")).collect()
    } else {
        (1..=csv.cells.len()).map(|k| format!("c{k}")).collect()
    };
    if start.row_names {
        names.insert(0, String::new());
    }
    let field = |name| Field {
        name,
        role: Role::Feature,
        missing: 0,
        numbers: 0,
        other_numbers: false,
        text: None,
        known: Box::default(),
    };
    let mut fields: Vec<Field> = names.into_iter().map(field).collect();
    if start.row_names {
        fields[0].role = Role::LeftOut;
    }
    Ok(Table { csv, start, fields, fixed: false })
}

impl<R: BufRead> Table<'_, R> {
    /// What each column is used for.
    pub fn assign(&mut self, options: &Csv) -> Result<()> {
        let Table { csv, fields, start, .. } = self;
        if fields.len() == 1 {
            return Err(faults::one_column(csv, &fields[0].name));
        }
        let label = options.label.as_ref();
        for (names, option) in [(&options.without, "--without"), (&options.encode, "--encode")] {
            let there = |name: &&String| fields.iter().any(|field| field.name == **name);
            if let Some(name) = names.iter().find(|name| !there(name)) {
                return Err(faults::no_such_column(csv, option, name, fields));
            }
        }
        let mut known = HashSet::new();
        for (k, field) in fields.iter_mut().enumerate().skip(usize::from(start.row_names)) {
            if options.without.contains(&field.name) {
                field.role = Role::LeftOut;
            } else if field.name.is_empty() {
                return Err(faults::unnamed(csv, k));
            } else if !known.insert(&field.name) {
                return Err(faults::same_name(csv, k, &field.name));
            } else if options.encode.contains(&field.name) {
                field.text = Some(Box::new(Text { encode: true, ..Text::default() }));
            }
        }
        let wanted = |field: &&mut Field| {
            field.role == Role::Feature && label.is_none_or(|label| field.name == *label)
        };
        match (fields.iter_mut().rev().find(wanted), label) {
            (Some(field), _) => (field.role, field.text) = (Role::Label, None),
            (None, Some(label)) => return Err(faults::no_column(csv, label, fields)),
            (None, None) => return Err(faults::no_features(csv, fields)),
        }
        match fields.iter().any(|field| field.role == Role::Feature) {
            true => Ok(()),
            false => Err(faults::no_features(csv, fields)),
        }
    }

    /// Gives the columns the roles that they had in training.
    pub fn assign_known(&mut self, model: &Classifier, without: &[String]) -> Result<()> {
        let Classifier { label, columns, classes, .. } = model;
        self.fixed = true;
        let Table { csv, fields, .. } = self;
        let there: HashSet<&String> = fields.iter().map(|field| &field.name).collect();
        if let Some(lost) = columns.iter().find(|column| !there.contains(&column.name)) {
            return Err(faults::lost(csv, &lost.name, fields));
        }
        let known: HashMap<&String, &Column> = columns.iter().map(|c| (&c.name, c)).collect();
        let mut seen = HashSet::new();
        for (k, field) in fields.iter_mut().enumerate() {
            let column = known.get(&field.name);
            if without.contains(&field.name) && column.is_none() || field.role == Role::LeftOut {
                field.role = Role::LeftOut;
            } else if !seen.insert(field.name.clone()) {
                return Err(faults::same_name(csv, k, &field.name));
            } else if let Some(column) = column {
                field.known = column.words.as_slice().into();
            } else if field.name == *label {
                field.role = Role::Label;
                field.known = classes.as_slice().into();
            } else {
                return Err(faults::surplus(csv, k, &field.name));
            }
        }
        Ok(())
    }

    /// Reads all rows.
    pub fn rows(self, options: &Csv) -> Result<(Vec<Field>, Rows)> {
        let Table { mut csv, start, mut fields, fixed } = self;
        let no_rows = faults::no_rows("there is a header, and no row below it");
        let no_rows = csv.locate(csv.end(), no_rows);
        let mut rows = Rows { options: options.clone(), fixed, ..Rows::default() };
        let mut more = true;
        if start.header {
            // Where all names are numbers, a row that is equal is an example.
            rows.may_repeat = fields.iter().any(|field| field.name.parse::<f64>().is_err());
            more = csv.next()?;
        }
        while more {
            rows.add(&csv, &mut fields)?;
            more = csv.next()?;
        }
        if rows.lines.is_empty() {
            let all_dropped = rows.gap.take().filter(|_| rows.dropped > 0);
            return Err(all_dropped.map_or(no_rows, faults::all_incomplete));
        }
        let lines = |count| if count == 1 { "1 line".into() } else { format!("{count} lines") };
        let mut note = |told: bool, text: String| rows.notes.extend(told.then_some(text));
        let (comments, repeats) = (start.comments, rows.repeats);
        note(comments > 0, format!("left out, as beginning with #: {}", lines(comments)));
        note(
            start.row_names,
            "left out, as it names the rows: the first column, above which no name is".into(),
        );
        note(repeats > 0, format!("left out, as repeating the header: {}", lines(repeats)));
        let count = rows.dropped + rows.lines.len();
        note(
            rows.dropped > 0,
            format!("left out, as incomplete: {} of {count} rows", rows.dropped),
        );
        Ok((fields, rows))
    }
}

/// What the rows hold, so far.
#[derive(Default)]
pub(super) struct Rows {
    options: Csv,
    pub fixed: bool,
    /// Whether a row that holds the names of the columns is the header again.
    may_repeat: bool,
    /// The features, row by row: numbers, and for a text the number of its word.
    pub x: Vec<f64>,
    /// For each label its position among `classes`.
    pub y: Vec<f64>,
    /// The line of each row.
    pub lines: Vec<u32>,
    /// The values of the label, in the order in which they appear.
    pub classes: Vec<String>,
    pub words: Words,
    /// How many rows have gaps in the same columns.
    pub gaps: HashMap<Vec<u32>, usize>,
    /// How many others are incomplete, where there are too many kinds.
    pub other_gaps: usize,
    /// The first cell without a value: an error, once all of them are counted.
    pub gap: Option<Error>,
    /// Of each column the first mark of a missing value that may be a word: (column, mark).
    pub marks: Vec<(usize, String)>,
    /// The first cell that is text, and how long the lines are that columns remember of theirs.
    pub text: Option<Error>,
    remembered: usize,
    /// What is wrong, unless there are two classes in the end.
    pub class_fault: Option<Error>,
    /// The incomplete rows that were left out, and the lines that repeat the header.
    dropped: usize,
    repeats: usize,
    /// What was done to the file.
    pub notes: Vec<String>,
}

/// So many kinds of incomplete rows are told apart.
const MOST_GAPS: usize = 1000;

impl Rows {
    fn add(&mut self, csv: &Reader<'_, impl BufRead>, fields: &mut [Field]) -> Result<()> {
        let named = fields.iter().map(|field| field.name.as_str()).filter(|name| !name.is_empty());
        if self.may_repeat && csv.texts().filter(|text| !text.is_empty()).eq(named) {
            self.repeats += 1;
            return Ok(());
        }
        if csv.cells.len() != fields.len() {
            return Err(faults::ragged(csv, fields));
        }
        let mut cells = csv.cells.iter().zip(fields.iter());
        if self.options.drop_incomplete
            && let Some((&cell, field)) =
                cells.find(|(cell, field)| self.is_gap(&csv.text(**cell), field))
        {
            self.gap.get_or_insert_with(|| faults::missing(csv, cell, &field.name));
            self.dropped += 1;
            return Ok(());
        }
        let mut gaps = vec![];
        for (k, &cell) in csv.cells.iter().enumerate() {
            let (text, field) = (csv.text(cell), &mut fields[k]);
            let number = text.parse::<f64>().ok().filter(|x| x.is_finite());
            let value = if number.is_none() && self.is_gap(&text, field) {
                field.missing += 1;
                gaps.push(k as u32);
                self.gap.get_or_insert_with(|| faults::missing(csv, cell, &field.name));
                let known =
                    self.marks.len() == 64 || self.marks.iter().any(|(column, _)| *column == k);
                if !text.is_empty() && !known {
                    self.marks.push((k, text.into_owned()));
                }
                f64::NAN
            } else {
                match (field.role, number) {
                    (Role::LeftOut, _) => continue,
                    (Role::Label, _) => self.class(csv, cell, field, &text, number)?,
                    (Role::Feature, Some(number)) if !field.is_of_words() => {
                        field.numbers += 1;
                        field.other_numbers |= number != 0.0 && number != 1.0;
                        number
                    }
                    (Role::Feature, _) => self.word(csv, cell, field, &text)?,
                }
            };
            match field.role {
                Role::Label => self.y.push(value),
                _ => self.x.push(value),
            }
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

    /// Whether a cell lacks a value that is needed. A label may well be `-`, beside `+`; and rows to
    /// be predicted may lack it.
    fn is_gap(&self, text: &str, field: &Field) -> bool {
        let kept = || self.options.not_missing.iter().any(|mark| mark == text);
        match field.role {
            Role::LeftOut => false,
            Role::Label if !field.known.is_empty() => false,
            Role::Label if text == "-" => false,
            _ => is_missing(text) && !kept(),
        }
    }

    /// The number of the label's class, NaN if it is not known in rows to be predicted.
    fn class(
        &mut self,
        csv: &Reader<'_, impl BufRead>,
        cell: Cell,
        field: &Field,
        text: &str,
        number: Option<f64>,
    ) -> Result<f64> {
        if !field.known.is_empty() {
            let known = field.known.iter().position(|class| is_class(class, text, number));
            return match known {
                None if !is_missing(text) => {
                    Err(faults::unknown_word(csv, cell, &field.name, &field.known))
                }
                known => Ok(known.map_or(f64::NAN, |class| class as f64)),
            };
        }
        let count = self.classes.len();
        let class = self.classes.iter().position(|class| is_class(class, text, number));
        let class = class.unwrap_or(count.min(CLASSES - 1));
        if class == count {
            // The first one may stay alone, and the third one is one too many.
            if matches!(count, 0 | 2) {
                self.class_fault = Some(faults::class(csv, cell, &field.name));
            }
            let name = || text.replace(char::is_control, " ");
            self.classes.push(number.map_or_else(name, |number| number.to_string()));
        }
        Ok(class as f64)
    }

    /// The number of the cell's word.
    fn word(
        &mut self,
        csv: &Reader<'_, impl BufRead>,
        cell: Cell,
        field: &mut Field,
        text: &str,
    ) -> Result<f64> {
        if !field.known.is_empty() {
            let known = field.known.iter().position(|word| word == text);
            let unknown = || faults::unknown_word(csv, cell, &field.name, &field.known);
            return known.map(|word| word as f64).ok_or_else(unknown);
        }
        if field.text.is_none() && is_number(text) {
            return Err(faults::not_a_number(csv, cell, &field.name));
        }
        if field.text.as_ref().is_none_or(|text| text.cells == 0) && self.remembered < 1 << 20 {
            self.remembered += csv.end();
            let fault = faults::not_a_number(csv, cell, &field.name);
            self.text.get_or_insert_with(|| fault.clone());
            field.text.get_or_insert_default().fault = Some(fault.into());
        }
        let word = self.words.number(text);
        let text = field.text.get_or_insert_default();
        text.cells += 1;
        text.beyond |= word == MOST_DIFFERENT;
        if !text.first.contains(&word) {
            if text.first.len() <= MOST_WORDS {
                text.first.push(word);
            } else {
                text.others.insert(word);
            }
        }
        Ok(f64::from(word))
    }
}

/// Whether a label names a class: `1` and `1.0` are the same.
fn is_class(class: &str, text: &str, number: Option<f64>) -> bool {
    class == text || number.is_some() && class.parse().ok() == number
}

const MOST_DIFFERENT: u32 = 100_000;

/// All words of all columns, each once. What comes after the first [`MOST_DIFFERENT`] is one word.
#[derive(Default)]
pub(super) struct Words {
    numbers: HashMap<Rc<str>, u32>,
    texts: Vec<Rc<str>>,
}

impl Words {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(&number) = self.numbers.get(text) {
            return number;
        }
        let number = self.texts.len() as u32;
        if number < MOST_DIFFERENT {
            let text: Rc<str> = text.replace(char::is_control, " ").into();
            self.texts.push(text.clone());
            self.numbers.insert(text, number);
        }
        number
    }

    /// The words of a column in the order of the alphabet, with their numbers.
    pub fn of(&self, text: &Text) -> Vec<(String, f64)> {
        let word = |&number: &u32| (self.texts[number as usize].to_string(), f64::from(number));
        let mut words: Vec<_> = text.first.iter().map(word).collect();
        words.sort_by(|(word, _), (other, _)| word.cmp(other));
        words
    }
}
