//! What can be wrong with a table of examples, told in the form of every [`Error`].

use std::io::BufRead;
use std::iter;

use super::csv::{Cell, Reader};
use super::{Column, Role};
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

pub(super) fn no_header(csv: &Reader<'_, impl BufRead>) -> Error {
    let features = (1..csv.cells.len()).map(|k| format!("x{k}"));
    let names: Vec<String> = features.chain(["y".to_string()]).collect();
    let separator = csv.separator().replace("tab", "\t");
    let text =
        csv.cells.iter().map(|&cell| csv.text(cell)).find(|text| text.parse::<f64>().is_err());
    let label = text.map(|text| format!("if these are names: --label {}", brief(&text)));
    let error = Error::new(
        "the first row is one of numbers: the header seems to be missing",
        iter::once(format!("it has {} cells", csv.cells.len())).chain(label),
        "the first row names the columns, and is not an example",
        format!("put a line with names above it, such as {}", brief(&names.join(&separator))),
    );
    csv.locate(0, error)
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

pub(super) fn no_column(csv: &Reader<'_, impl BufRead>, name: &str, columns: &[Column]) -> Error {
    let kept: Vec<&str> = kept(columns).map(|column| column.name.as_str()).collect();
    let hint = match similar(&kept, name).or(kept.last()) {
        Some(meant) => format!("ask for a column that is there, such as {:?}", brief(meant)),
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

pub(super) fn nothing_to_leave_out(
    csv: &Reader<'_, impl BufRead>,
    name: &str,
    columns: &[Column],
) -> Error {
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let option = |name: &str| format!(" --without {:?}", brief(name.trim()));
    let hint = match similar(&names, name) {
        Some(meant) => format!("if this one is meant:{}", option(meant)),
        None if name.contains(',') => {
            let options: String = name.split(',').map(option).collect();
            format!("give it once for each column:{options}")
        }
        None => "give a name as it stands in the header, or drop this --without".to_string(),
    };
    let error = Error::new(
        format!("no column to leave out is named `{}`", brief(name)),
        [format!("the {} columns are {}", names.len(), list(&names))],
        "--without NAME leaves out a column that teaches nothing, such as an id",
        hint,
    );
    csv.locate(0, error)
}

pub(super) fn no_features(csv: &Reader<'_, impl BufRead>, columns: &[Column]) -> Error {
    let left_out = columns.iter().filter(|column| column.role == Role::LeftOut);
    let left_out: Vec<&str> = left_out.map(|column| column.name.as_str()).collect();
    let error = Error::new(
        "no features are left",
        [format!("left out: {}", list(&left_out))],
        "without features the model has nothing to tell the examples apart by",
        "leave fewer columns out",
    );
    csv.locate(0, error)
}

/// A row that is too long or too short.
pub(super) fn ragged(csv: &Reader<'_, impl BufRead>, columns: &[Column]) -> Error {
    let (cells, width) = (csv.cells.len(), columns.len());
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let mut facts = vec![
        format!("the {width} columns are {}", list(&names)),
        format!("cells are separated by {}, as in the header", separator(csv)),
    ];
    let mut hint = "complete the row, or delete it".to_string();
    let mut at = csv.end();
    if let Some(&surplus) = csv.cells.get(width) {
        at = surplus.start;
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
    if csv.separator() != "," {
        return None;
    }
    csv.cells.windows(2).find_map(|pair| {
        let (whole, decimals) = (csv.text(pair[0]), csv.text(pair[1]));
        let both = digits(whole.trim_start_matches(['-', '+'])) && digits(&decimals);
        both.then(|| (pair[0].start, format!("{whole},{decimals}"), format!("{whole}.{decimals}")))
    })
}

/// A feature that is no finite number.
pub(super) fn not_a_number(csv: &Reader<'_, impl BufRead>, cell: Cell, column: &Column) -> Error {
    let (text, name) = (csv.text(cell), brief(&column.name));
    let shown = brief(&text);
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
    } else if let Some((what, numbers)) = mended(&text) {
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
            format!("write a number here, or leave the column out: --without {name:?}"),
        )
    };
    csv.locate(cell.start, error)
}

/// What a number with a decimal comma or with marks between its thousands has, and how it should be
/// written.
fn mended(text: &str) -> Option<(&'static str, String)> {
    let mark = |c: char| matches!(c, ',' | '.' | '\'' | '’' | '_') || c.is_whitespace();
    let groups: Vec<&str> = text.split(mark).collect();
    let (first, rest) = groups.split_first()?;
    let (decimals, thousands) = rest.split_last()?;
    // Marks between thousands leave groups of three; only the decimals may be longer or shorter.
    if first.is_empty() && !thousands.is_empty() || thousands.iter().any(|group| group.len() != 3) {
        return None;
    }
    let number = |text: String| text.parse().is_ok_and(f64::is_finite).then_some(text);
    let whole = if decimals.len() == 3 { number(groups.concat()) } else { None };
    // The last mark, if it stands there once, may be the decimal one.
    let last = text.rfind([',', '.']).filter(|&at| text.matches(&text[at..=at]).count() == 1);
    let decimal = last.and_then(|at| number(text[..at].replace(mark, "") + "." + &text[at + 1..]));
    let comma = last.is_some_and(|at| text[at..].starts_with(','));
    match (decimal, whole) {
        (Some(decimal), Some(whole)) if comma && thousands.is_empty() => {
            Some(("a comma, decimal or between thousands", format!("{decimal} or {whole}")))
        }
        (Some(decimal), _) if comma => Some(("a decimal comma", decimal)),
        (Some(decimal), _) => Some(("marks between its thousands", decimal)),
        (None, Some(whole)) => Some(("marks between its thousands", whole)),
        (None, None) => None,
    }
}

/// The first cell without a value; [`all_missing`] adds how many follow.
pub(super) fn missing(csv: &Reader<'_, impl BufRead>, cell: Cell, column: &Column) -> Error {
    let (text, name) = (csv.text(cell), brief(&column.name));
    let first = match text.as_ref() {
        "" => format!("the first one is empty, in column `{name}`"),
        text => format!("the first one is `{text}`, in column `{name}`"),
    };
    let why = "every example needs a value for every feature, and a label";
    csv.locate(cell.start, Error::new("", [first], why, ""))
}

pub(super) fn all_missing(
    first: Error,
    columns: &[Column],
    incomplete: usize,
    rows: usize,
) -> Error {
    let total: usize = columns.iter().map(|column| column.missing).sum();
    let holes: Vec<&Column> = columns.iter().filter(|column| column.missing > 0).collect();
    let count = |column: &&Column| format!("{} in `{}`", column.missing, brief(&column.name));
    let counts: Vec<String> = holes.iter().map(count).collect();
    let worst = holes.iter().filter(|column| column.role == Role::Feature);
    let mut error = first;
    error.what = match total {
        1 => "1 value is missing".to_string(),
        _ => format!("{total} values are missing"),
    };
    error.facts.insert(0, format!("missing: {}", list(&counts)));
    error.facts.push(format!("incomplete rows: {incomplete} of {rows}"));
    error.hint = match worst.max_by_key(|column| column.missing) {
        Some(Column { name, .. }) => {
            format!("delete these rows, or leave out what lacks most: --without {:?}", brief(name))
        }
        None => "fill in the labels, or delete these rows".to_string(),
    };
    error
}

/// A class that stays alone, or is one too many; [`not_two_classes`] says which.
pub(super) fn class(csv: &Reader<'_, impl BufRead>, cell: Cell, label: &Column) -> Error {
    let what = format!("the label `{}` has", brief(&label.name));
    let fact = format!("this one is `{}`", brief(&csv.text(cell)));
    let why = "one node tells two classes apart: its a is the probability of class 1";
    csv.locate(cell.start, Error::new(what, [fact], why, ""))
}

pub(super) fn not_two_classes(class: Error, seen: &[String]) -> Error {
    let mut error = class;
    error.facts.insert(0, format!("labels seen: {}", list(seen)));
    (error.what, error.hint) = match seen.len() {
        1 => {
            (error.what + " the same value in all rows", "add rows of the other class".to_string())
        }
        count => {
            let more = if count == super::CLASSES { " or more" } else { "" };
            (
                format!("{} {count}{more} values, not two", error.what),
                "keep the rows of two classes, or name another label: --label NAME".to_string(),
            )
        }
    };
    error
}

pub(super) fn constant(feature: &str, value: f64, m: usize) -> Error {
    let feature = brief(feature);
    let (all, hint) = match m {
        1 => ("the only example".to_string(), "use at least two examples".to_string()),
        _ => (format!("all {m} examples"), format!("leave the column out: --without {feature:?}")),
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

fn kept(columns: &[Column]) -> impl Iterator<Item = &Column> {
    columns.iter().filter(|column| column.role != Role::LeftOut)
}

fn locate_cell(csv: &Reader<'_, impl BufRead>, k: usize, error: Error) -> Error {
    csv.locate(csv.cells.get(k).map_or(0, |cell| cell.start), error)
}

fn separator(csv: &Reader<'_, impl BufRead>) -> &'static str {
    match csv.separator() {
        "," => "commas",
        ";" => "semicolons",
        _ => "tabs",
    }
}
