//! What can be wrong with a table of examples, told in the form of every [`Error`].

use std::io::{self, BufRead};
use std::sync::Arc;

use super::cell;
use super::csv::{Cell, Reader};
use super::table::{Field, MOST_WORDS, Role, Rows};
use crate::error::{Error, brief, list, nearest};

/// What happened, why that is a fault, and what to try. `{}` stands for what it is about.
pub(super) struct Fault(&'static str, &'static str, &'static str);

macro_rules! faults {
    ($($name:ident: $what:literal, $why:expr, $hint:literal;)*) => {
        $(pub(super) const $name: Fault = Fault($what, $why, $hint);)*
    };
}
faults! {
    NOT_UTF8: "this is not UTF-8 text",
        "which bytes make a letter depends on the encoding; UTF-8 is read here",
        "save it as UTF-8, or convert it: iconv -f {} -t UTF-8 FILE > NEW";
    NO_TABLE: "this is {}, not a CSV file", "a table is read as text, in which rows are lines", "";
    TOO_MANY: "this row has more than a million cells",
        "each column is a feature with a weight of its own",
        "check that each example is on a line of its own";
    UNCLOSED: "this quote is not closed",
        "inside quotes, separators and line ends belong to the cell",
        "close it with a second \" at the end of the cell, or delete it";
    AFTER_QUOTE: "text follows a closing quote",
        "a quoted cell ends with its quote; one that belongs to it is written twice",
        "write a quote inside the cell as \"\", or close the cell where it ends";
    EMPTY: "the file is empty", MEAN,
        "add a header row such as x,y and below it one row per example";
    NO_ROWS: "there is a header, and no row below it", MEAN,
        "add a header row such as x,y and below it one row per example";
    NO_HEADER: "the first row {}: the header seems to be missing", HEADER,
        "if it is an example: --no-header; if it names the columns: --header";
    COUNTS: "line {} is no header of this table: it counts rows and features", HEADER,
        "leave it out, and name the columns c1, c2, ...: --without-lines {} --no-header";
    TITLE: "line {} is a title", HEADER, "leave it out: --without-lines {}";
    UNITS: "line {} holds no number, and the rows below it do",
        "every row below the header is an example", "leave it out: --without-lines {}";
    ONE_COLUMN: "there is one column only, and no features beside the label", FEATURES,
        "separate the columns with commas, semicolons or tabs: feature,label";
    NO_FEATURES: "no features are left", FEATURES, "leave fewer columns out";
    UNNAMED: "column {} has no name",
        "gradients, weights and errors are told by the names of the columns",
        "name it in the header, or leave it out: --without \"\"";
    SAME_NAME: "two columns are named `{}`", "a name must say which column is meant",
        "rename one, or number all columns: --without-lines {line} --no-header";
    NO_COLUMN: "no column is named `{}`",
        "the label is what is learned, and the other columns are the features",
        "leave fewer columns out";
    NOT_LEFT_OUT: "no column to leave out is named `{}`",
        "--without NAME leaves out a column that teaches nothing, such as an id",
        "give a name as it stands in the header, or drop this --without";
    NOT_ENCODED: "no column to encode is named `{}`",
        "--encode NAME makes a column of 0 and 1 for each word of a column",
        "give a name as it stands in the header, or drop this --encode";
    LOST: "column `{}` is missing, with which the model was trained", IN_TRAINING,
        "add this column, or train without it";
    TWICE: "two columns are named `{}`", "a name must say which column is meant",
        "give one of them another name in the header";
    SURPLUS: "the model was trained without a column `{}`", IN_TRAINING,
        "leave it out: --without {}";
    UNKNOWN_WORD: "`{}` did not occur in training",
        "a word has a weight if it occurred in training, and no other word has",
        "write one of these, or leave the line out: --without-lines {line}";
    NO_MODEL: "this is no model as `--save` writes it",
        "a saved model has a row for each feature, with a weight for each class",
        "train again with --save, and leave the file as it is";
    INFINITE: "`{}` is no finite number", FINITE,
        "write a finite number, or leave the line out: --without-lines {line}";
    TOO_LARGE: "`{}` is too large", FINITE,
        "use a larger unit, or leave the line out: --without-lines {line}";
    UNIT: "`{}` has another unit than the numbers above it",
        "a feature has one weight, whatever the unit",
        "write all numbers of the column in one unit";
    COMMA: "`{}` has a decimal comma", ONE_MARK,
        "if the numbers of this file have decimal commas: --decimal \",\"";
    POINT: "`{}` has a decimal point", ONE_MARK,
        "if the numbers of this file have decimal points: --decimal \".\"";
    EITHER: "`{}` has a comma, decimal or between thousands", ONE_MARK,
        "if it is decimal: --decimal \",\"; if it is not: --decimal \".\"";
    NOT_A_NUMBER: "`{}` is not a number",
        "a feature is multiplied by its weight, and only numbers can be",
        "write a number here, or leave the column out:";
    NO_DEVIATION: "feature `{}` has a deviation of 0, although it varies",
        "standardising divides by the deviation, which is too small for an f64",
        "write the values in a smaller unit, such as 1e300 times as large";
}

const MEAN: &str = "the cost is a mean over the examples, and 0/0 is no number";
const HEADER: &str = "the first row names the columns, and is not an example";
const FEATURES: &str = "without features the model has nothing to tell the examples apart by";
const IN_TRAINING: &str = "each weight belongs to a column, in new data as in training";
const NEEDS_ALL: &str = "every example needs a value for every feature, and a label";
const FINITE: &str = "one infinite number makes z, the cost and every gradient infinite or NaN";
const ONE_MARK: &str = "1,234 and 1.234 are read by the decimal mark of the whole file";

impl Fault {
    /// The error about this.
    pub fn of(&self, name: &str, facts: impl IntoIterator<Item = String>) -> Error {
        let Fault(what, why, hint) = self;
        Error::new(what.replace("{}", &brief(name)), facts, why, hint.replace("{}", &typed(name)))
    }

    /// The error in a cell of the record in hand.
    pub fn at<const N: usize>(
        &self,
        csv: &Reader<'_, impl BufRead>,
        k: usize,
        name: &str,
        facts: [String; N],
    ) -> Error {
        let error = self.of(name, facts);
        let hint = error.hint.replace("{line}", &csv.start.to_string());
        csv.locate_cell(k, Error { hint, ..error })
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

pub(super) fn not_utf8(name: &str, number: usize, line: &[u8], valid: usize) -> Error {
    let text = String::from_utf8_lossy(line);
    let column = String::from_utf8_lossy(&line[..valid]).chars().count() + 1;
    let byte = line.get(valid).copied().unwrap_or_default();
    let mark = number == 1 && matches!(line, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]);
    let (guess, encoding) = match mark {
        true => ("it begins as UTF-16 does", "UTF-16"),
        false => ("in Latin-1 a byte is a letter", "LATIN1"),
    };
    let fact = format!("byte {byte:#04x} has no meaning here; {guess}");
    NOT_UTF8.of(encoding, [fact]).at(name, number, column, &text)
}

/// No column has a name that was asked for. The one that was perhaps meant is advised, if the option
/// can have it.
pub(super) fn no_column(
    fault: Fault,
    csv: &Reader<'_, impl BufRead>,
    option: &str,
    name: &str,
    fields: &[Field],
) -> Error {
    let mut error = fault.at(csv, 0, name, [columns(fields)]);
    let wanted = name.trim().to_lowercase();
    let alike = |other: &&str| !wanted.is_empty() && other.to_lowercase().contains(&wanted);
    let label = option == "--label";
    let kept = fields.iter().filter(|field| !label || field.role != Role::LeftOut);
    let mut kept = kept.map(|field| field.name.as_str());
    let last = kept.clone().next_back().filter(|_| label);
    let names: Vec<&str> = kept.clone().filter(|_| !name.contains(',')).collect();
    if let Some(meant) = kept.find(alike).or(nearest(&names, name)).or(last) {
        let option = typed_option(option, meant);
        error.hint = format!("ask for a column that is there, such as{option}");
    } else if name.contains(',') {
        let names = name.split(',').map(|name| typed_option(option, name.trim()));
        error.hint = format!("give it once for each column:{}", names.collect::<String>());
    }
    error
}

/// A row that is too long or too short.
pub(super) fn ragged(csv: &Reader<'_, impl BufRead>, fields: &[Field]) -> Error {
    let (cells, width) = (csv.cells.len(), fields.len());
    let plural = if cells == 1 { "" } else { "s" };
    let separator = format!("cells are separated by {}, as in the header", separator(csv));
    let mut error = Error::new(
        format!("this row has {cells} cell{plural}, the header has {width}"),
        [columns(fields), separator],
        NEEDS_ALL,
        format!("complete the row, or {}", without_line(csv.start)),
    );
    let mut at = csv.end();
    if let Some(&surplus) = csv.cells.get(width) {
        at = surplus.start();
        if let Some((start, comma, point)) = decimal_comma(csv) {
            at = start;
            error.facts.push(format!("`{comma}` may be one number, with a decimal comma"));
            error.hint =
                format!("write {point} if that is one number; else quote text that has a comma");
        } else {
            error.hint = "delete what is too much, or quote text that holds a separator".into();
        }
    }
    csv.locate(at, error)
}

/// Where, between commas that separate cells, `1,5` may be one number: with its place, and with a
/// point instead.
fn decimal_comma(csv: &Reader<'_, impl BufRead>) -> Option<(usize, String, String)> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mut pairs = csv.cells.windows(2).filter(|_| csv.separator == b',');
    pairs.find_map(|pair| {
        let (whole, decimals) = (csv.text(pair[0]), csv.text(pair[1]));
        let both = digits(whole.trim_start_matches(['-', '+'])) && digits(&decimals);
        let start = pair[0].start();
        both.then(|| (start, format!("{whole},{decimals}"), format!("{whole}.{decimals}")))
    })
}

/// A cell of a feature that is no number, or one that can be read in another way.
pub(super) fn not_a_number(
    csv: &Reader<'_, impl BufRead>,
    k: usize,
    name: &str,
    decimal: Option<char>,
) -> Error {
    let text = csv.text(csv.cells[k]);
    let column = format!("column `{}`", brief(name));
    let separator = format!("cells are separated by {}", separator(csv));
    let largest = format!("the largest number is {:.1e}", f64::MAX);
    let word = text.trim_start_matches(['-', '+']).starts_with(['i', 'I']);
    let read = |decimal| cell::number(&text, decimal).map(|number| number.value);
    match (read('.'), read(',')) {
        (None, None) if text.parse::<f64>().is_ok() => {
            let fault = if word { INFINITE } else { TOO_LARGE };
            fault.at(csv, k, &text, [column, largest])
        }
        (None, None) => {
            let mut error = NOT_A_NUMBER.at(csv, k, &text, [column, separator]);
            error.hint += &typed_option("--without", name);
            error
        }
        (point, comma) => {
            let (fault, numbers) = match (point, comma) {
                (Some(point), Some(comma)) => (EITHER, format!("{comma} or {point}")),
                (Some(point), None) => (POINT, point.to_string()),
                (_, comma) => (COMMA, comma.unwrap_or_default().to_string()),
            };
            let mut error =
                fault.at(csv, k, &text, [column, separator, format!("it would be {numbers}")]);
            if decimal.is_some() {
                error.hint =
                    format!("write it as the other numbers, or {}", without_line(csv.start));
            }
            error
        }
    }
}

fn without_line(line: usize) -> String {
    format!("leave the line out: --without-lines {line}")
}

/// A few texts among the numbers of a column; `first` is the fault of the first one.
pub(super) fn stray(first: &Error, field: &Field) -> Error {
    let mut error = first.clone();
    match (&first.place, field.texts) {
        (Some(place), 1) => {
            error.hint = format!("write a number here, or {}", without_line(place.line));
        }
        (_, texts) => {
            error.facts.push(format!("{texts} texts beside {} numbers", field.numbers));
            if usize::from(field.largest) < MOST_WORDS {
                let encode = typed_option("--encode", &field.name);
                error.hint = format!("write numbers there, or take all values as words:{encode}");
            }
        }
    }
    error
}

/// Columns hold text; `first` is the fault of a cell of the first one.
pub(super) fn texts(first: Error, rows: &Rows) -> Error {
    let unreadable: Vec<&Field> = rows.fields.iter().filter(|field| !field.is_readable()).collect();
    let names: Vec<String> =
        unreadable.iter().map(|field| format!("`{}`", brief(&field.name))).collect();
    let what = match &names[..] {
        [name] => format!("column {name} holds text"),
        _ => format!("{} columns hold text: {}", names.len(), list(&names)),
    };
    let facts = names.iter().zip(unreadable).take(20).map(|(name, field)| {
        let words = match (field.words(), field.beyond) {
            (1, _) => "1 word".to_string(),
            (words, true) => format!("{words} words or more"),
            (words, false) => format!("{words} different words"),
        };
        let numbers = match field.numbers {
            0 => String::new(),
            numbers => format!(" beside {numbers} numbers"),
        };
        format!("{name}: {words}{numbers}")
    });
    let facts = facts.chain(missing_counts(rows)).chain(last_as_label(rows)).collect();
    let hint = match advice(rows) {
        nothing if nothing.is_empty() => "write numbers there, or no feature is left".to_string(),
        options => format!("add{options}"),
    };
    Error { what, facts, hint, ..first }
}

/// The first cell without a value; [`all_missing`] says how many follow.
pub(super) fn missing(csv: &Reader<'_, impl BufRead>, cell: Cell, name: &str) -> Error {
    let (text, name) = (csv.text(cell), brief(name));
    let first = match text.as_ref() {
        "" => format!("the first one is empty, in column `{name}`"),
        text => format!("the first one is `{text}`, in column `{name}`"),
    };
    csv.locate(cell.start(), Error::new("", [first], NEEDS_ALL, ""))
}

pub(super) fn all_missing(mut first: Error, rows: &Rows) -> Error {
    let total: u32 = rows.fields.iter().map(|field| field.missing).sum();
    first.what = match total {
        1 => "1 value is missing".to_string(),
        _ => format!("{total} values are missing"),
    };
    first.facts.splice(0..0, missing_counts(rows));
    let incomplete = rows.gaps.values().sum::<usize>() + rows.other_gaps;
    first.facts.push(format!("incomplete rows: {incomplete} of {}", rows.lines.len()));
    first.facts.extend(last_as_label(rows));
    // A word such as NA may be a class, and `unknown` one of many words.
    let keep = rows.marks.iter().find(|(k, _)| {
        let field = &rows.fields[**k];
        field.role == Role::Label || field.texts > 0 || field.is_of_words()
    });
    let keep = keep.map(|(_, mark)| {
        let option = typed_option("--not-missing", mark);
        format!("if `{}` is a value like others:{option}", brief(mark))
    });
    let classes = rows.label().map_or(0, Field::words);
    first.hint = match (advice(rows), keep) {
        (advice, Some(keep)) if advice.is_empty() => keep,
        (advice, Some(keep)) if classes < 2 => format!("{keep}; else add{advice}"),
        (advice, Some(keep)) => format!("add{advice}; or, {keep}"),
        (advice, None) if advice.is_empty() => "fill in what is missing".to_string(),
        (advice, None) => format!("add{advice}"),
    };
    first
}

/// Every row lacks something.
pub(super) fn all_incomplete(first: Error) -> Error {
    let what = "all rows are incomplete".to_string();
    let hint =
        "fill in what is missing, or leave out columns that lack much: --without NAME".to_string();
    Error { what, hint, ..first }
}

/// Which column is the label, if nobody named it.
fn last_as_label(rows: &Rows) -> Option<String> {
    let label = rows.label().filter(|_| rows.last_as_label)?;
    Some(format!(
        "the label is the last column, `{}`; for another: --label NAME",
        brief(&label.name)
    ))
}

/// How many values each column lacks, if any.
fn missing_counts(rows: &Rows) -> Option<String> {
    let holes = rows.fields.iter().filter(|field| field.missing > 0);
    let count = |field: &Field| format!("{} in `{}`", field.missing, brief(&field.name));
    let counts: Vec<String> = holes.map(count).collect();
    (!counts.is_empty()).then(|| format!("missing: {}", list(&counts)))
}

/// The options with which a file can be read that holds texts and gaps: texts of few words are
/// encoded, others left out; of the columns with gaps those are left out that cost most rows, as long
/// as half of the rows would be lost, and then the incomplete rows.
fn advice(rows: &Rows) -> String {
    let Rows { fields, gaps, other_gaps, lines, fixed, .. } = rows;
    let mut options: Vec<String> = vec![];
    let mut left_out = vec![false; fields.len()];
    for (k, field) in fields.iter().enumerate().filter(|(_, field)| !field.is_readable()) {
        let words = field.words();
        let few =
            field.numbers == 0 && words < field.texts as usize && (3..=MOST_WORDS).contains(&words);
        left_out[k] = !few;
        options.push(typed_option(if few { "--encode" } else { "--without" }, &field.name));
    }
    let stays = |(field, out): (&Field, &bool)| field.role == Role::Feature && !out;
    if !fields.iter().zip(&left_out).any(stays) {
        return String::new();
    }
    let lost = |left_out: &[bool]| -> usize {
        let lacks = |row: &[u32]| row.iter().any(|k| !left_out[*k as usize]);
        let incomplete = gaps.iter().filter(|(row, _)| lacks(row));
        incomplete.map(|(_, count)| count).sum::<usize>() + other_gaps
    };
    let count = lines.len();
    for _ in 0..MOST_OPTIONS {
        let left = |k: &usize| fields[*k].role == Role::Feature && !left_out[*k];
        let worst = (0..fields.len()).filter(left).max_by_key(|k| fields[*k].missing);
        let last = (0..fields.len()).filter(left).count() == 1;
        match worst.filter(|k| !fixed && !last && fields[*k].missing > 0) {
            Some(k) if 2 * lost(&left_out) > count && *other_gaps == 0 => {
                options.push(typed_option("--without", &fields[k].name));
                left_out[k] = true;
            }
            _ => break,
        }
    }
    let more = if options.len() > MOST_OPTIONS { ", and so on" } else { "" };
    let start = options[..options.len().min(MOST_OPTIONS)].concat();
    match lost(&left_out) {
        0 => start + more,
        all if all == count => String::new(),
        lost => {
            let keeps = format!(" --drop-incomplete (keeps {} of {count} rows)", count - lost);
            let alone = |k: &usize| {
                let feature = fields[*k].role == Role::Feature;
                feature && gaps.get(&[*k as u32][..]) == Some(&lost)
            };
            let alone = (0..fields.len()).find(alone).filter(|_| options.is_empty() && !fixed);
            let or = alone.map(|k| typed_option("--without", &fields[k].name));
            let or = or.map_or(String::new(), |or| format!("; or leave the column out:{or}"));
            start + more + &keeps + &or
        }
    }
}

/// More options are not advised: nobody types them.
const MOST_OPTIONS: usize = 40;

/// A class that stays alone, or is one too many; [`no_classes`] says which.
pub(super) fn class(csv: &Reader<'_, impl BufRead>, cell: Cell) -> Error {
    let fact = format!("this one is `{}`", brief(&csv.text(cell)));
    let why = "one node tells two classes apart, a node for each up to 20 words";
    csv.locate(cell.start(), Error::new("", [fact], why, ""))
}

/// The label has one value only, more than two numbers, or too many words.
pub(super) fn no_classes(rows: &Rows, seen: &[Arc<str>]) -> Error {
    let (name, count) = rows.label().map_or(("", 0), |field| (&field.name, field.words()));
    let features = rows.fields.iter().filter(|field| field.role == Role::Feature);
    let others = features.filter_map(|field| Some((field, field.classes()?)));
    let others = others.filter(|(_, classes)| count > MOST_WORDS || *classes == 2);
    let other = others.min_by_key(|(_, classes)| *classes).map(|(field, classes)| {
        let label = typed_option("--label", &field.name);
        let numbers = classes > 2 && field.numbers > 0;
        label + &if numbers { typed_option("--encode", &field.name) } else { String::new() }
    });
    let lone_first = || rows.y.iter().filter(|y| **y == rows.y[0]).count() == 1;
    let (what, hint) = match (count, other) {
        (1, _) => ("the same value in all rows".to_string(), "add rows of the other class".into()),
        (3, _) if !rows.header && lone_first() => (
            "3 values, one in the first row only".to_string(),
            "the first row seems to name the columns: --header".to_string(),
        ),
        (..=MOST_WORDS, other) => {
            let classes = typed_option("--encode", name) + &advice(rows);
            let other = other.map_or(String::new(), |other| format!("; or another label:{other}"));
            (format!("{count} values, not two"), format!("if each is a class:{classes}{other}"))
        }
        (_, other) => (
            format!("{count} values, more than {MOST_WORDS}"),
            other.map_or("name another label, of few values".to_string(), |other| {
                format!("name another label:{other}")
            }),
        ),
    };
    let k = rows.fields.iter().position(|field| field.role == Role::Label);
    let fault = k.and_then(|k| rows.faults.get(&k)).cloned();
    let fault = fault.unwrap_or_else(|| NO_ROWS.of("", []));
    let what = format!("the label `{}` has {what}", brief(name));
    let seen = [format!("labels seen: {}", list(seen))].into_iter().chain(fault.facts);
    let facts = seen.chain(missing_counts(rows)).chain(last_as_label(rows)).collect();
    Error { what, hint, facts, ..fault }
}

pub(super) fn constant(name: &str, value: f64, m: usize) -> Error {
    let all = if m == 1 { "the only example".to_string() } else { format!("all {m} examples") };
    let hint = match m {
        1 => "use more examples".to_string(),
        _ => format!("leave the column out:{}", typed_option("--without", name)),
    };
    Error::new(
        format!("feature `{}` is {value} in {all}", brief(name)),
        ["its deviation is 0".to_string()],
        "standardising divides by the deviation; it tells no examples apart anyway",
        hint,
    )
}

pub(super) fn columns(fields: &[Field]) -> String {
    let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    format!("the {} columns are {}", names.len(), list(&names))
}

fn separator(csv: &Reader<'_, impl BufRead>) -> &'static str {
    match csv.separator {
        b',' => "commas",
        b';' => "semicolons",
        b'\t' => "tabs",
        b' ' => "spaces",
        b'|' => "bars",
        _ => "what `sep=` names",
    }
}

/// An option with its value, behind a space.
pub(super) fn typed_option(option: &str, value: &str) -> String {
    format!(" {option} {}", typed(value))
}

/// A text as it is typed in a shell.
fn typed(text: &str) -> String {
    if text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_digit() || b == b'-')
    {
        return text.to_string();
    }
    match text.contains(['"', '$', '`', '\\', '!']) {
        true => format!("'{}'", text.replace('\'', "'\\''")),
        false => format!("\"{text}\""),
    }
}
