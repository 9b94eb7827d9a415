//! What can be wrong with a table of examples, told in the form of every [`Error`].

use std::io::BufRead;

use super::cell;
use super::csv::{Cell, Reader};
use super::start::Record;
use super::table::{CLASSES, Field, MOST_WORDS, Role, Rows};
use crate::error::{Error, brief, list};

pub(super) fn no_rows(what: &str) -> Error {
    Error::new(
        what,
        [],
        "the cost is a mean over the examples, and 0/0 is no number",
        "add a header row such as x,y and below it one row per example",
    )
}

pub(super) fn one_column(csv: &Reader<'_, impl BufRead>, name: &str) -> Error {
    let error = Error::new(
        "there is one column only, and no features beside the label",
        [format!("the column is `{}`", brief(name))],
        "without features the model has nothing to tell the examples apart by",
        "separate the columns with commas, semicolons or tabs: feature,label",
    );
    csv.locate(0, error)
}

/// A file that is none.
pub(super) fn no_table(name: &str, what: &str, hint: &str) -> Error {
    Error::new(
        format!("this is {what}, not a CSV file"),
        [],
        "a table is read as text, in which rows are lines",
        hint,
    )
    .at(name, 1, 1, "")
}

pub(super) fn no_header(name: &str, first: &Record, what: &str) -> Error {
    Error::new(
        format!("the first row {what}: the header seems to be missing"),
        [format!("it has {} cells", first.cells.len())],
        "the first row names the columns, and is not an example",
        "if it is an example: --no-header; if it names the columns: --header",
    )
    .at(name, first.line, 1, &first.text)
}

pub(super) fn counts(name: &str, first: &Record) -> Error {
    let line = first.line;
    Error::new(
        format!("line {line} is no header of this table: it counts rows and features"),
        ["behind the two numbers are the names of the classes".to_string()],
        "the first row names the columns, and is not an example",
        format!("delete line {line}, and use --no-header"),
    )
    .at(name, line, 1, &first.text)
}

pub(super) fn title(name: &str, title: &Record, header: &Record) -> Error {
    let (line, header) = (title.line, header.line);
    Error::new(
        format!("line {line} is a title, and the header is line {header}"),
        [],
        "the first row names the columns",
        format!("delete what is above line {header}"),
    )
    .at(name, line, 1, &title.text)
}

pub(super) fn units(name: &str, row: &Record) -> Error {
    let line = row.line;
    Error::new(
        format!("line {line} holds no number, and the rows below it do"),
        ["such a line has units, or is a second header".to_string()],
        "every row below the header is an example",
        format!("delete line {line}"),
    )
    .at(name, line, 1, &row.text)
}

pub(super) fn unnamed(csv: &Reader<'_, impl BufRead>, k: usize) -> Error {
    let error = Error::new(
        format!("column {} has no name", k + 1),
        [format!("the header has {} cells", csv.cells.len())],
        "gradients, weights and errors are told by the names of the columns",
        "name it in the header, or leave it out: --without \"\"",
    );
    locate_cell(csv, k, error)
}

pub(super) fn same_name(csv: &Reader<'_, impl BufRead>, k: usize, name: &str) -> Error {
    let error = Error::new(
        format!("two columns are named `{}`", brief(name)),
        [format!("the second one is column {}", k + 1)],
        "a name must say which column is meant",
        format!("give one of them another name, such as {}_2", brief(name)),
    );
    locate_cell(csv, k, error)
}

pub(super) fn no_column(csv: &Reader<'_, impl BufRead>, name: &str, fields: &[Field]) -> Error {
    let kept: Vec<&str> = kept(fields).map(|field| field.name.as_str()).collect();
    let hint = match similar(&kept, name).or(kept.last()) {
        Some(meant) => {
            format!("ask for a column that is there, such as{}", option("--label", meant))
        }
        None => "leave fewer columns out".to_string(),
    };
    let error = Error::new(
        format!("no column is named `{}`", brief(name)),
        [format!("the {} columns are {}", kept.len(), list(&kept))],
        "the label is what is learned, and the other columns are the features",
        hint,
    );
    csv.locate(0, error)
}

/// `--without` or `--encode` names a column that is not there.
pub(super) fn no_such_column(
    csv: &Reader<'_, impl BufRead>,
    asked: &str,
    name: &str,
    fields: &[Field],
) -> Error {
    let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    let hint = match similar(&names, name) {
        Some(meant) => format!("if this one is meant:{}", option(asked, meant)),
        None if name.contains(',') => {
            let options: String = name.split(',').map(|name| option(asked, name.trim())).collect();
            format!("give it once for each column:{options}")
        }
        None => format!("give a name as it stands in the header, or drop this {asked}"),
    };
    let (purpose, why) = match asked {
        "--encode" => {
            ("encode", "--encode NAME makes a column of 0 and 1 for each word of a column")
        }
        _ => {
            ("leave out", "--without NAME leaves out a column that teaches nothing, such as an id")
        }
    };
    let error = Error::new(
        format!("no column to {purpose} is named `{}`", brief(name)),
        [format!("the {} columns are {}", names.len(), list(&names))],
        why,
        hint,
    );
    csv.locate(0, error)
}

/// A column that the model was trained with is not there.
pub(super) fn lost(csv: &Reader<'_, impl BufRead>, name: &str, fields: &[Field]) -> Error {
    let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    let error = Error::new(
        format!("column `{}` is missing, with which the model was trained", brief(name)),
        [format!("the {} columns are {}", names.len(), list(&names))],
        "each weight belongs to a column, in new data as in training",
        "add this column, or train without it",
    );
    csv.locate(0, error)
}

/// A column is there that the model was not trained with.
pub(super) fn surplus(csv: &Reader<'_, impl BufRead>, k: usize, name: &str) -> Error {
    let error = Error::new(
        format!("the model was trained without a column `{}`", brief(name)),
        [format!("it is column {}", k + 1)],
        "each weight belongs to a column, in new data as in training",
        format!("leave it out:{}", option("--without", name)),
    );
    locate_cell(csv, k, error)
}

/// A word, or a class, that did not occur in training.
pub(super) fn unknown_word(
    csv: &Reader<'_, impl BufRead>,
    cell: Cell,
    name: &str,
    known: &[String],
) -> Error {
    let error = Error::new(
        format!(
            "`{}` did not occur in training, in column `{}`",
            brief(&csv.text(cell)),
            brief(name)
        ),
        [format!("what did: {}", list(known))],
        "a word has a weight if it occurred in training, and no other word has",
        "write one of these, or delete the row",
    );
    csv.locate(cell.start(), error)
}

pub(super) fn no_features(csv: &Reader<'_, impl BufRead>, fields: &[Field]) -> Error {
    let left_out = fields.iter().filter(|field| field.role == Role::LeftOut);
    let left_out: Vec<&str> = left_out.map(|field| field.name.as_str()).collect();
    let error = Error::new(
        "no features are left",
        [format!("left out: {}", list(&left_out))],
        "without features the model has nothing to tell the examples apart by",
        "leave fewer columns out",
    );
    csv.locate(0, error)
}

/// A file that `--save` did not write, or that was changed since.
pub(super) fn no_model(csv: &Reader<'_, impl BufRead>, k: usize, what: &str) -> Error {
    let error = Error::new(
        "this is no model as `--save` writes it",
        [what.to_string()],
        "a saved model has a row for each feature, with a weight for each class",
        "train again with --save, and leave the file as it is",
    );
    locate_cell(csv, k, error)
}

/// A row that is too long or too short.
pub(super) fn ragged(csv: &Reader<'_, impl BufRead>, fields: &[Field]) -> Error {
    let (cells, width) = (csv.cells.len(), fields.len());
    let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    let mut facts = vec![
        format!("the {width} columns are {}", list(&names)),
        format!("cells are separated by {}, as in the header", separator(csv)),
    ];
    let mut hint = "complete the row, or delete it".to_string();
    let mut at = csv.end();
    if let Some(&surplus) = csv.cells.get(width) {
        at = surplus.start();
        if cells == width + 1 && csv.text(surplus).is_empty() {
            facts.push("the last cell is empty".to_string());
            hint = "delete the separator at the end of the row".to_string();
        } else if let Some((start, comma, point)) = decimal_comma(csv) {
            at = start;
            facts.push(format!("`{comma}` may be one number, with a decimal comma"));
            hint = format!("write {point} if that is one number; else quote text that has a comma");
        } else {
            hint = "delete what is too much, or quote text that holds a separator".to_string();
        }
    }
    let plural = if cells == 1 { "" } else { "s" };
    let what = format!("this row has {cells} cell{plural}, the header has {width}");
    let why = "every example needs a value for every feature, and a label";
    csv.locate(at, Error::new(what, facts, why, hint))
}

/// Where, between commas that separate cells, `1,5` may be one number: with its place, and with a
/// point instead.
fn decimal_comma(csv: &Reader<'_, impl BufRead>) -> Option<(usize, String, String)> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if csv.separator != b',' {
        return None;
    }
    csv.cells.windows(2).find_map(|pair| {
        let (whole, decimals) = (csv.text(pair[0]), csv.text(pair[1]));
        let both = digits(whole.trim_start_matches(['-', '+'])) && digits(&decimals);
        both.then(|| {
            (pair[0].start(), format!("{whole},{decimals}"), format!("{whole}.{decimals}"))
        })
    })
}

/// Columns hold text; `first` is the fault of a cell of the first one.
pub(super) fn texts(first: Error, fields: &[Field], rows: &Rows) -> Error {
    let unreadable: Vec<&Field> = fields.iter().filter(|field| !field.is_readable()).collect();
    let names: Vec<String> =
        unreadable.iter().map(|field| format!("`{}`", brief(&field.name))).collect();
    let mut error = first;
    error.what = match &names[..] {
        [name] => format!("column {name} holds text"),
        _ => format!("{} columns hold text: {}", names.len(), list(&names)),
    };
    error.facts.clear();
    for (name, field) in names.iter().zip(unreadable).take(20) {
        let text = field.text.as_deref();
        let words = match text.map_or(0, |text| text.words()) {
            1 => "1 word".to_string(),
            words if text.is_some_and(|text| text.beyond) => format!("{words} words or more"),
            words => format!("{words} different words"),
        };
        let numbers = match field.numbers {
            0 => String::new(),
            numbers => format!(" beside {numbers} numbers"),
        };
        error.facts.push(format!("{name}: {words}{numbers}"));
    }
    if fields.iter().any(|field| field.missing > 0) {
        error.facts.push(missing_counts(fields));
    }
    error.hint = format!("add{}", advice(fields, rows));
    error
}

/// A feature that is no finite number.
pub(super) fn not_a_number(csv: &Reader<'_, impl BufRead>, cell: Cell, name: &str) -> Error {
    let (text, shown) = (csv.text(cell), brief(&csv.text(cell)));
    let out = option("--without", name);
    let name = brief(name);
    let fact = format!("column `{name}`");
    let cells = format!("cells are separated by {}", separator(csv));
    let error = if text.parse::<f64>().is_ok() {
        let written = text.trim_start_matches(['-', '+']).starts_with(['i', 'I']);
        let (what, hint) = match written {
            true => ("is no finite number", "write a finite number, or delete the row"),
            false => ("is too large", "write the values in a larger unit, or delete the row"),
        };
        Error::new(
            format!("`{shown}` {what}"),
            [fact, format!("the largest number is {:.1e}", f64::MAX)],
            "one infinite number makes z, the cost and every gradient infinite or NaN",
            hint,
        )
    } else if let Some((what, numbers)) = cell::mended(&text) {
        Error::new(
            format!("`{shown}` has {what}"),
            [fact, cells, format!("as it should be: {numbers}")],
            "numbers have a decimal point, and nothing between their thousands",
            format!("write {numbers}, and the other numbers of the file likewise"),
        )
    } else {
        Error::new(
            format!("`{shown}` is not a number"),
            [fact, cells],
            "a feature is multiplied by its weight, and only numbers can be",
            format!("write a number here, or leave the column out:{out}"),
        )
    };
    csv.locate(cell.start(), error)
}

/// The first cell without a value; [`all_missing`] adds how many follow.
pub(super) fn missing(csv: &Reader<'_, impl BufRead>, cell: Cell, name: &str) -> Error {
    let (text, name) = (csv.text(cell), brief(name));
    let first = match text.as_ref() {
        "" => format!("the first one is empty, in column `{name}`"),
        text => format!("the first one is `{text}`, in column `{name}`"),
    };
    let why = "every example needs a value for every feature, and a label";
    csv.locate(cell.start(), Error::new("", [first], why, ""))
}

pub(super) fn all_missing(first: Error, fields: &[Field], rows: &Rows) -> Error {
    let total: u32 = fields.iter().map(|field| field.missing).sum();
    let what = match total {
        1 => "1 value is missing".to_string(),
        _ => format!("{total} values are missing"),
    };
    let mut error = Error { what, ..first };
    error.facts.insert(0, missing_counts(fields));
    let incomplete = rows.gaps.values().sum::<usize>() + rows.other_gaps;
    let count = rows.lines.len();
    error.facts.push(format!("incomplete rows: {incomplete} of {count}"));
    let advice = advice(fields, rows);
    // A word such as NA may be a class, and `unknown` one of many words.
    let is_word = |k: usize| fields[k].role == Role::Label || fields[k].text.is_some();
    let keep = rows.marks.iter().find(|(k, _)| is_word(*k)).map_or(String::new(), |(_, mark)| {
        format!("`{}` is a value like others:{}", brief(mark), option("--not-missing", mark))
    });
    error.hint = match (advice.is_empty(), keep.is_empty()) {
        (false, true) => format!("add{advice}"),
        (false, false) if rows.classes.len() < 2 => format!("if {keep}; else add{advice}"),
        (false, false) => format!("add{advice}; or, if {keep}"),
        (true, false) => format!("if {keep}"),
        (true, true) => "fill in what is missing".to_string(),
    };
    error
}

/// Every row lacks something.
pub(super) fn all_incomplete(first: Error) -> Error {
    let what = "all rows are incomplete".to_string();
    let hint =
        "fill in what is missing, or leave out columns that lack much: --without NAME".to_string();
    Error { what, hint, ..first }
}

fn missing_counts(fields: &[Field]) -> String {
    let holes = fields.iter().filter(|field| field.missing > 0);
    let count = |field: &Field| format!("{} in `{}`", field.missing, brief(&field.name));
    let counts: Vec<String> = holes.map(count).collect();
    format!("missing: {}", list(&counts))
}

/// The options with which a file can be read that holds texts and gaps: texts of few words are
/// encoded, others left out; of the columns with gaps those are left out that cost most rows, as long
/// as half of the rows would be lost, and then the incomplete rows.
fn advice(fields: &[Field], rows: &Rows) -> String {
    let mut options: Vec<String> = vec![];
    let mut left_out = vec![false; fields.len()];
    for (k, field) in fields.iter().enumerate().filter(|(_, field)| !field.is_readable()) {
        let few = field.text.as_ref().is_some_and(|text| {
            let words = text.words();
            field.numbers == 0 && words < text.cells as usize && (3..=MOST_WORDS).contains(&words)
        });
        left_out[k] = !few;
        options.push(option(if few { "--encode" } else { "--without" }, &field.name));
    }
    let lost = |left_out: &[bool]| -> usize {
        let lacks = |row: &[u32]| row.iter().any(|k| !left_out[*k as usize]);
        let incomplete = rows.gaps.iter().filter(|(row, _)| lacks(row));
        incomplete.map(|(_, count)| count).sum::<usize>() + rows.other_gaps
    };
    let count = rows.lines.len();
    for _ in 0..MOST_OPTIONS {
        let left = |k: &usize| fields[*k].role == Role::Feature && !left_out[*k];
        let worst = (0..fields.len()).filter(left).max_by_key(|k| fields[*k].missing);
        let last = (0..fields.len()).filter(left).count() == 1;
        match worst.filter(|k| !rows.fixed && !last && fields[*k].missing > 0) {
            Some(k) if 2 * lost(&left_out) > count && rows.other_gaps == 0 => {
                options.push(option("--without", &fields[k].name));
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
                feature && rows.gaps.get(&[*k as u32][..]) == Some(&lost)
            };
            let alone = (0..fields.len()).find(alone).filter(|_| options.is_empty() && !rows.fixed);
            let or = alone.map(|k| option("--without", &fields[k].name));
            let or = or.map_or(String::new(), |or| format!("; or leave the column out:{or}"));
            start + more + &keeps + &or
        }
    }
}

/// More options are not advised: nobody types them.
const MOST_OPTIONS: usize = 40;

/// A class that stays alone, or is one too many; [`not_two_classes`] says which.
pub(super) fn class(csv: &Reader<'_, impl BufRead>, cell: Cell, label: &str) -> Error {
    let what = format!("the label `{}` has", brief(label));
    let fact = format!("this one is `{}`", brief(&csv.text(cell)));
    let why = "one node tells two classes apart: its a is the probability of class 1";
    csv.locate(cell.start(), Error::new(what, [fact], why, ""))
}

pub(super) fn not_two_classes(rows: Rows, fields: &[Field]) -> Error {
    let (seen, fault) = (&rows.classes, rows.class_fault);
    let mut error = fault.unwrap_or_else(|| no_rows("there are no labels"));
    error.facts.insert(0, format!("labels seen: {}", list(seen)));
    (error.what, error.hint) = match seen.len() {
        1 => {
            (error.what + " the same value in all rows", "add rows of the other class".to_string())
        }
        count => {
            let more = if count == CLASSES { " or more" } else { "" };
            (
                format!("{} {count}{more} values, not two", error.what),
                match fields
                    .iter()
                    .find(|field| field.role == Role::Feature && field.has_two_values())
                {
                    Some(field) => format!("name another label:{}", option("--label", &field.name)),
                    None => "keep the rows of two classes".to_string(),
                },
            )
        }
    };
    error
}

pub(super) fn constant(name: &str, value: f64, m: usize) -> Error {
    let feature = brief(name);
    let (all, hint) = match m {
        1 => ("the only example".to_string(), "use at least two examples".to_string()),
        _ => (
            format!("all {m} examples"),
            format!("leave the column out:{}", option("--without", name)),
        ),
    };
    Error::new(
        format!("feature `{feature}` is {value} in {all}"),
        ["its deviation is 0".to_string()],
        "standardising divides by the deviation; it tells no examples apart anyway",
        hint,
    )
}

pub(super) fn not_finite(feature: &str, example: usize, value: f64) -> Error {
    Error::new(
        format!("feature `{}` of example {example} is {value}", brief(feature)),
        ["examples are counted from 0".to_string()],
        "one such number makes the mean and the deviation NaN or infinite",
        "mend or drop this example before standardising",
    )
}

pub(super) fn no_deviation(feature: &str) -> Error {
    Error::new(
        format!("feature `{}` has a deviation of 0, although it varies", brief(feature)),
        [format!("the smallest number is {:e}", f64::from_bits(1))],
        "standardising divides by the deviation, which is too small for an f64",
        "write the values in a smaller unit, such as 1e300 times as large",
    )
}

/// The first name that contains this one, in capitals or not.
fn similar<'a>(names: &'a [&'a str], name: &str) -> Option<&'a &'a str> {
    let wanted = name.trim().to_lowercase();
    names.iter().find(|name| !wanted.is_empty() && name.to_lowercase().contains(&wanted))
}

fn kept(fields: &[Field]) -> impl Iterator<Item = &Field> {
    fields.iter().filter(|field| field.role != Role::LeftOut)
}

fn locate_cell(csv: &Reader<'_, impl BufRead>, k: usize, error: Error) -> Error {
    csv.locate(csv.cells.get(k).map_or(0, Cell::start), error)
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

/// An option with its value, as it is typed in a shell.
fn option(option: &str, value: &str) -> String {
    if value.contains(['"', '$', '`', '\\', '!']) {
        return format!(" {option} '{}'", value.replace('\'', "'\\''"));
    }
    format!(" {option} \"{value}\"")
}
