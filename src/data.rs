//! From a CSV file to examples: read, standardise, split.
//!
//! Taught in `docs/12_model.md`.

mod csv;
mod faults;

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use crate::error::{Error, Result, mistake};
use crate::random::Random;
use crate::tensor::Tensor;
use csv::Reader;

/// Examples with their labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Examples {
    /// The name of each feature.
    pub features: Vec<String>,
    /// The name of the label.
    pub label: String,
    /// How the file writes the two classes: that of label 0, and that of label 1.
    pub classes: [String; 2],
    /// (n features, m examples); in memory each example's features lie next to each other.
    pub x: Tensor,
    /// The labels, 0 or 1, (1, m).
    pub y: Tensor,
}

/// Means and deviations of the features, remembered so that test and new data can be scaled as the
/// training data was.
#[derive(Clone, Debug, PartialEq)]
pub struct Standardizer {
    /// The mean of each feature, (n, 1).
    pub means: Tensor,
    /// The population deviation of each feature (divided by m), (n, 1).
    pub deviations: Tensor,
}

impl Examples {
    /// Reads a CSV file: a header row, then one example per row. The label is the last column, or
    /// the one named.
    ///
    /// Cells are separated by commas, semicolons or tabs, whichever the header has most of, and may
    /// stand in quotes. Features are numbers with a decimal point. Labels are 0 and 1, or two other
    /// values: of two numbers the smaller becomes 0 and the larger 1, of two words the one that
    /// comes first in the alphabet becomes 0 (capitals come before small letters).
    /// [`classes`](Examples::classes) remembers which is which. Blank rows are skipped. The file is
    /// read piece by piece: its text is never in memory as a whole.
    ///
    /// ```
    /// # fn main() -> chainrule::Result<()> {
    /// use chainrule::data::Examples;
    /// let orings = Examples::read_csv("examples/data/challenger_orings.csv", None)?;
    /// assert_eq!((orings.x.shape(), orings.features[0].as_str()), ((1, 23), "temp_F"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Each names the line and column. If the file cannot be read, is not UTF-8, is empty or has no
    /// rows; if a quote is not closed; if the header is missing, repeats a name or lacks the label's;
    /// if a row has another length; if a feature is no finite number; if values are missing (they
    /// are counted, for all columns); if the label does not have two values.
    pub fn read_csv(path: impl AsRef<Path>, label: Option<&str>) -> Result<Examples> {
        Examples::read_csv_without(path, label, &[])
    }

    /// [`read_csv`](Examples::read_csv), leaving out the columns named in `without`, such as an id:
    /// their cells may hold anything. Errors call this `--without`, as the command `model` does.
    ///
    /// # Errors
    /// As `read_csv`, and if there is no column of that name.
    pub fn read_csv_without(
        path: impl AsRef<Path>,
        label: Option<&str>,
        without: &[&str],
    ) -> Result<Examples> {
        let name = path.as_ref().display().to_string();
        let file = File::open(&path).map_err(|error| csv::unreadable(&name, error))?;
        let source = BufReader::with_capacity(1 << 16, file);
        Examples::from_csv(source, &name, label, without)
    }

    /// [`read_csv_without`](Examples::read_csv_without) from any source; `name` stands for it in
    /// errors.
    ///
    /// ```
    /// use chainrule::data::Examples;
    /// let text = "name;hours;passed\nAda;5.5;yes\nBob;0.5;no\n";
    /// let examples = Examples::from_csv(text.as_bytes(), "text", Some("passed"), &["name"])?;
    /// assert_eq!((examples.x.to_vec(), examples.y.to_vec()), (vec![5.5, 0.5], vec![1.0, 0.0]));
    /// assert_eq!(examples.classes, ["no", "yes"]);
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    /// As `read_csv_without`.
    pub fn from_csv(
        source: impl BufRead,
        name: &str,
        label: Option<&str>,
        without: &[&str],
    ) -> Result<Examples> {
        let mut csv = Reader::new(source, name);
        if !csv.header()? {
            return Err(faults::no_rows("the file is empty").at(name, 1, 1, ""));
        }
        let mut columns = roles(&csv, label, without)?;
        let no_rows = faults::no_rows("there is a header, and no row below it");
        let no_rows = csv.locate(csv.end(), no_rows);
        let mut rows = Rows::default();
        while csv.next()? {
            rows.add(&csv, &mut columns)?;
        }
        if rows.count == 0 {
            return Err(no_rows);
        }
        if let Some(first) = rows.missing {
            return Err(faults::all_missing(first, &columns, rows.incomplete, rows.count));
        }
        let names = |role| {
            let columns = columns.iter().filter(move |column| column.role == role);
            columns.map(|column| column.name.clone())
        };
        let features: Vec<String> = names(Role::Feature).collect();
        let label = names(Role::Label).collect();
        let Some((classes, swapped)) = two_classes(&rows.classes) else {
            let fault = rows.class_fault.unwrap_or(no_rows);
            return Err(faults::not_two_classes(fault, &rows.classes));
        };
        if swapped {
            rows.y.iter_mut().for_each(|y| *y = 1.0 - *y);
        }
        let x = Tensor::new(rows.count, features.len(), rows.x).t();
        Ok(Examples { x, y: Tensor::new(1, rows.count, rows.y), features, label, classes })
    }

    /// Divides the examples, in a random order that `seed` fixes, into those to train on and those
    /// to test with: `test_share` of them, at least one on either side.
    ///
    /// ```
    /// # fn main() -> chainrule::Result<()> {
    /// # let all = chainrule::data::Examples::read_csv("examples/data/challenger_orings.csv", None)?;
    /// let (train, test) = all.split(0.25, 1)?;
    /// assert_eq!((train.y.shape().1, test.y.shape().1), (17, 6));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// If there are fewer than two examples, or the share is not between 0 and 1.
    ///
    /// # Panics
    /// If the fields do not fit each other.
    #[track_caller]
    pub fn split(&self, test_share: f64, seed: u64) -> Result<(Examples, Examples)> {
        let (_, m) = self.check();
        if m < 2 || !(test_share > 0.0 && test_share < 1.0) {
            let examples = if m == 1 { "example" } else { "examples" };
            return Err(Error::new(
                format!("{m} {examples} cannot be split with a test share of {test_share}"),
                [],
                "both parts need at least one example, to learn from and to be tested with",
                "use at least two examples and a share between 0 and 1, such as 0.2",
            ));
        }
        let mut order: Vec<usize> = (0..m).collect();
        Random::new(seed).shuffle(&mut order);
        let test = ((m as f64 * test_share).round() as usize).clamp(1, m - 1);
        Ok((self.pick(&order[test..]), self.pick(&order[..test])))
    }

    /// (n, m), if X has a name for each feature and a label for each example.
    #[track_caller]
    fn check(&self) -> (usize, usize) {
        let (n, m) = (self.features.len(), self.x.shape().1);
        if self.x.shape() != (n, m) || self.y.shape() != (1, m) {
            mistake(
                "the fields of these examples do not fit each other",
                &[format!("X is {:?}, Y {:?}, features: {n}", self.x.shape(), self.y.shape())],
                "a row of X is a feature with a name, a column an example with a label",
                "give X (n, m), Y (1, m) and n names",
            )
        }
        (n, m)
    }

    fn pick(&self, which: &[usize]) -> Examples {
        let n = self.features.len();
        let entries = which.iter().flat_map(|&j| (0..n).map(move |i| self.x.get(i, j))).collect();
        let labels = which.iter().map(|&j| self.y.get(0, j)).collect();
        Examples {
            x: Tensor::new(which.len(), n, entries).t(),
            y: Tensor::new(1, which.len(), labels),
            features: self.features.clone(),
            label: self.label.clone(),
            classes: self.classes.clone(),
        }
    }

    /// The means and deviations of these examples' features.
    ///
    /// ```
    /// use chainrule::data::Examples;
    /// let examples = Examples::from_csv("x,y\n1,0\n3,1\n".as_bytes(), "text", None, &[])?;
    /// let scaled = examples.standardizer()?.apply(&examples.x)?;
    /// assert_eq!(scaled.to_vec(), [-1.0, 1.0]);
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    /// If a feature is the same in all examples, or differs by less than f64 can tell from 0, or is
    /// NaN or infinite somewhere.
    ///
    /// # Panics
    /// If the fields do not fit each other.
    #[track_caller]
    pub fn standardizer(&self) -> Result<Standardizer> {
        let (n, m) = self.check();
        let (mut means, mut deviations) = (vec![], vec![]);
        for (i, name) in self.features.iter().enumerate() {
            let values = (0..m).map(|j| self.x.get(i, j));
            if let Some((j, x)) = values.clone().enumerate().find(|(_, x)| !x.is_finite()) {
                return Err(faults::not_finite(name, j, x));
            }
            let (mean, deviation) = mean_and_deviation(values.clone());
            let first = values.clone().next().unwrap_or(f64::NAN);
            if values.clone().all(|x| x == first) {
                return Err(faults::constant(name, first, m));
            }
            if deviation == 0.0 {
                return Err(faults::no_deviation(name));
            }
            means.push(mean);
            deviations.push(deviation);
        }
        Ok(Standardizer {
            means: Tensor::new(n, 1, means),
            deviations: Tensor::new(n, 1, deviations),
        })
    }
}

impl Standardizer {
    /// `(x − mean) / deviation`, feature by feature, for X (n, m).
    ///
    /// # Errors
    /// If X has another number of features.
    ///
    /// # Panics
    /// If the fields do not fit each other.
    #[track_caller]
    pub fn apply(&self, x: &Tensor) -> Result<Tensor> {
        let ((n, _), (known, _)) = (x.shape(), self.means.shape());
        if [&self.means, &self.deviations].map(Tensor::shape) != [(known, 1); 2] {
            let (means, deviations) = (self.means.shape(), self.deviations.shape());
            mistake(
                "means and deviations do not fit each other",
                &[format!("means are {means:?}, deviations {deviations:?}")],
                "each feature has one mean and one deviation",
                "give both as one column, (n, 1), for n features",
            )
        }
        if n != known {
            return Err(Error::new(
                format!("X has {n} features, and {known} were standardised in training"),
                [format!("X is {:?}", x.shape())],
                "each feature is scaled by the mean and deviation it had in training",
                "give new data the same features; if its examples are rows, pass x.t()",
            ));
        }
        Ok(&(x - &self.means) / &self.deviations)
    }
}

/// The columns of these names, as far as the header has them, each as numbers; other columns may hold
/// anything. `name` stands for the source in errors.
///
/// ```
/// let text = "name,x,y\nAda,1,0\nBob,2,1\n";
/// let columns = chainrule::data::columns(text.as_bytes(), "text", &["y", "z"])?;
/// assert_eq!(columns, [("y".to_string(), vec![0.0, 1.0])]);
/// # Ok::<(), chainrule::Error>(())
/// ```
///
/// # Errors
/// As [`Examples::read_csv`], for these columns.
pub fn columns(
    source: impl BufRead,
    name: &str,
    wanted: &[&str],
) -> Result<Vec<(String, Vec<f64>)>> {
    let mut csv = Reader::new(source, name);
    if !csv.header()? {
        return Err(faults::no_rows("the file is empty").at(name, 1, 1, ""));
    }
    let column = |&cell| {
        let name = csv.text(cell).into_owned();
        let wanted = wanted.contains(&name.as_str());
        let role = if wanted { Role::Feature } else { Role::LeftOut };
        Column { name, role, missing: 0 }
    };
    let mut columns: Vec<Column> = csv.cells.iter().map(column).collect();
    let no_rows = csv.locate(csv.end(), faults::no_rows("there is a header, and no row below it"));
    let mut rows = Rows::default();
    while csv.next()? {
        rows.add(&csv, &mut columns)?;
    }
    if rows.count == 0 {
        return Err(no_rows);
    }
    if let Some(first) = rows.missing {
        return Err(faults::all_missing(first, &columns, rows.incomplete, rows.count));
    }
    columns.retain(|column| column.role == Role::Feature);
    let width = columns.len();
    let values = |i: usize| rows.x.iter().skip(i).step_by(width).copied().collect();
    Ok(columns.into_iter().enumerate().map(|(i, column)| (column.name, values(i))).collect())
}

/// The mean, and the root of the mean squared distance from it.
///
/// Computed from u = (x − first)/spread, which lies between −1 and 1: no square can overflow or
/// vanish, and where all values are huge and close to each other, their differences keep the digits.
fn mean_and_deviation(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let (count, first) = (values.clone().count() as f64, values.clone().next().unwrap_or(f64::NAN));
    // Halves, because the difference of two numbers may be too large for an f64.
    let halves = values.map(|x| x / 2.0 - first / 2.0);
    let spread = halves.clone().fold(0.0, |spread: f64, half| spread.max(half.abs()));
    if spread == 0.0 {
        return (first, 0.0);
    }
    let shares = halves.map(|half| half / spread);
    let mean = shares.clone().fold(0.0, |sum, u| sum + u) / count;
    let squares = shares.fold(0.0, |sum, u| sum + (u - mean) * (u - mean));
    (2.0 * (first / 2.0 + spread * mean), 2.0 * (spread * (squares / count).sqrt()))
}

/// What a column is used for.
#[derive(Clone, Copy, PartialEq)]
enum Role {
    Feature,
    Label,
    LeftOut,
}

struct Column {
    name: String,
    role: Role,
    /// How many of its cells have no value.
    missing: usize,
}

/// The columns that the header names, each with its role.
fn roles(
    csv: &Reader<'_, impl BufRead>,
    label: Option<&str>,
    without: &[&str],
) -> Result<Vec<Column>> {
    // A name stays on one line, whatever line ends or control characters its cell holds.
    let name = |cell| csv.text(cell).replace(char::is_control, " ");
    let named = |&cell| Column { name: name(cell), role: Role::Feature, missing: 0 };
    let mut columns: Vec<Column> = csv.cells.iter().map(named).collect();
    if columns.len() == 1 {
        return Err(faults::one_column(csv, &columns[0].name));
    }
    // A row of data may hold one text, its label. A header may hold one, too, beside columns that
    // are numbered: then that one was asked for.
    let mut texts = columns.iter().filter(|column| column.name.parse::<f64>().is_err());
    let asked_for = |text: &Column| label == Some(&text.name);
    if !texts.next().is_some_and(|text| asked_for(text) || texts.next().is_some()) {
        return Err(faults::no_header(csv));
    }
    for name in without {
        if !columns.iter().any(|column| column.name == *name) {
            return Err(faults::nothing_to_leave_out(csv, name, &columns));
        }
    }
    let mut known = HashSet::new();
    for (k, column) in columns.iter_mut().enumerate() {
        if without.contains(&column.name.as_str()) {
            column.role = Role::LeftOut;
        } else if column.name.is_empty() {
            return Err(faults::unnamed(csv, k));
        } else if !known.insert(&column.name) {
            return Err(faults::same_name(csv, k, &column.name));
        }
    }
    let wanted = |column: &&mut Column| {
        column.role == Role::Feature && label.is_none_or(|label| column.name == label)
    };
    match (columns.iter_mut().rev().find(wanted), label) {
        (Some(column), _) => column.role = Role::Label,
        (None, Some(label)) => return Err(faults::no_column(csv, label, &columns)),
        (None, None) => return Err(faults::no_features(csv, &columns)),
    }
    match columns.iter().any(|column| column.role == Role::Feature) {
        true => Ok(columns),
        false => Err(faults::no_features(csv, &columns)),
    }
}

/// What the rows hold, so far.
#[derive(Default)]
struct Rows {
    count: usize,
    x: Vec<f64>,
    /// For each label its position among `classes`.
    y: Vec<f64>,
    /// The values of the label, in the order in which they appear.
    classes: Vec<String>,
    incomplete: usize,
    /// The first cell without a value: an error, once all of them are counted.
    missing: Option<Error>,
    /// What is wrong, unless there are two classes in the end.
    class_fault: Option<Error>,
}

impl Rows {
    fn add(&mut self, csv: &Reader<'_, impl BufRead>, columns: &mut [Column]) -> Result<()> {
        if csv.cells.len() != columns.len() {
            return Err(faults::ragged(csv, columns));
        }
        let mut complete = true;
        for (&cell, column) in csv.cells.iter().zip(columns) {
            let text = csv.text(cell);
            match (column.role, text.parse::<f64>().ok()) {
                (Role::LeftOut, _) => {}
                (Role::Feature, Some(number)) if number.is_finite() => self.x.push(number),
                (role, number) if is_missing(&text, number, role) => {
                    complete = false;
                    column.missing += 1;
                    self.missing.get_or_insert_with(|| faults::missing(csv, cell, column));
                }
                (Role::Feature, _) => return Err(faults::not_a_number(csv, cell, column)),
                (Role::Label, number) => {
                    let known = self.classes.len();
                    let class = class(&mut self.classes, &text, number);
                    // The first one may stay alone, and the third one is one too many.
                    if class == known && matches!(known, 0 | 2) {
                        self.class_fault = Some(faults::class(csv, cell, column));
                    }
                    self.y.push(class as f64);
                }
            }
        }
        self.count += 1;
        self.incomplete += usize::from(!complete);
        Ok(())
    }
}

/// Whether a cell says that there is no value. A label may well be `-`, beside `+`.
fn is_missing(text: &str, number: Option<f64>, role: Role) -> bool {
    const MARKS: [&str; 5] = ["NA", "N/A", "#N/A", "null", "?"];
    text.is_empty()
        || number.is_some_and(f64::is_nan)
        || text == "-" && role == Role::Feature
        || MARKS.iter().any(|mark| text.eq_ignore_ascii_case(mark))
}

/// More classes than these are not told apart: two are wanted, and the others listed in an error.
const CLASSES: usize = 9;

/// The position of the label `text` among the classes seen so far, to which it is added if it is
/// new. `1` and `1.0` are the same.
fn class(seen: &mut Vec<String>, text: &str, number: Option<f64>) -> usize {
    let same =
        |class: &String| class == text || number.is_some() && class.parse::<f64>().ok() == number;
    if let Some(class) = seen.iter().position(same) {
        return class;
    }
    if seen.len() < CLASSES {
        let name = || text.replace(char::is_control, " ");
        seen.push(number.map_or_else(name, |number| number.to_string()));
    }
    seen.len() - 1
}

/// The names of class 0 and class 1, and whether they appeared in the other order.
fn two_classes(seen: &[String]) -> Option<([String; 2], bool)> {
    let number = |class: &String| class.parse::<f64>().ok();
    let [first, second] = seen else { return None };
    let swapped = match (number(first), number(second)) {
        (Some(first), Some(second)) => first > second,
        _ => first > second,
    };
    let (zero, one) = if swapped { (second, first) } else { (first, second) };
    Some(([zero.clone(), one.clone()], swapped))
}
