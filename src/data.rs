//! From a CSV file to examples: read, standardise, split.
//!
//! Taught in `docs/14_model.md`.

mod cell;
mod classifier;
mod csv;
mod faults;
mod start;
mod table;

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;

pub use classifier::{Classifier, Unlabelled, quoted};

use crate::error::{Error, Result, brief, mistake};
use crate::random::Random;
use crate::tensor::Tensor;
use table::{Field, MOST_WORDS, Role, Table, Words};

/// How a CSV file is read. The command `model` has an option of the same name for each field.
///
/// ```
/// use chainrule::data::Csv;
/// let text = "2.5,red,yes\n,blue,no\n0.5,green,no\n1,red,yes\n";
/// let csv = Csv {
///     header: Some(false),
///     encode: vec!["c2".to_string()],
///     drop_incomplete: true,
///     ..Csv::default()
/// };
/// let examples = csv.examples(text.as_bytes(), "text")?;
/// assert_eq!(examples.label, "c3");
/// assert_eq!(examples.classes, ["no", "yes"]);
/// assert_eq!(examples.features, ["c1", "c2=red"]);
/// assert_eq!(examples.x.t().to_vec(), [2.5, 1.0, 0.5, 0.0, 1.0, 1.0]);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Csv {
    /// The column that is the label; by default the last one.
    pub label: Option<String>,
    /// Columns to leave out, such as an id: their cells may hold anything.
    pub without: Vec<String>,
    /// Whether the first row names the columns; by default it is judged by the rows below it. Without
    /// a header they are called c1, c2, …
    pub header: Option<bool>,
    /// Columns of text of which each word becomes a column of 0 and 1, but for the first word; a label
    /// of which each value is a class, although they are numbers.
    pub encode: Vec<String>,
    /// Texts that are values, although they usually say that there is none, such as `NA`.
    pub not_missing: Vec<String>,
    /// Whether rows that lack a value are left out; by default they are refused.
    pub drop_incomplete: bool,
    /// The decimal mark of the file's numbers, `,` or `.`; the other one may stand between thousands.
    /// By default it is judged by the first rows.
    pub decimal: Option<char>,
    /// Lines to leave out, counted from 1, such as a title or a line of units.
    pub without_lines: Vec<RangeInclusive<usize>>,
}

/// Where features come from: a column of numbers, or of words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Column {
    /// As the header has it.
    pub name: String,
    /// None for a column of numbers. Each but the first has a feature, which is 1 where it stands.
    pub words: Vec<Arc<str>>,
}

/// Examples with their labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Examples {
    /// The name of each feature.
    pub features: Vec<String>,
    /// The name of the label.
    pub label: String,
    /// How the file writes the classes: that of label 0, that of label 1, and so on.
    pub classes: Vec<String>,
    /// (n features, m examples); in memory each example's features lie next to each other.
    pub x: Tensor,
    /// The numbers of the classes, (1, m): of two classes the labels 0 and 1.
    pub y: Tensor,
    /// The columns that the features come from.
    pub columns: Arc<Vec<Column>>,
    /// What was done to the file, and its reader should know.
    pub notes: Vec<String>,
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

impl Csv {
    /// With this label and without these columns.
    fn new(label: Option<&str>, without: &[&str]) -> Csv {
        let without = without.iter().map(|name| name.to_string()).collect();
        Csv { label: label.map(String::from), without, ..Csv::default() }
    }

    /// Reads a CSV file: a header row, then one example per row.
    ///
    /// Cells are separated by commas, semicolons, bars, tabs or spaces, whichever the first rows agree
    /// on, and may stand in quotes. Features are numbers with a decimal point, or one of two words,
    /// which are read as 0 and 1. So are labels: of two numbers the smaller becomes 0 and the larger 1,
    /// of two words the one that comes first in the alphabet becomes 0 (capitals come before small
    /// letters), and up to 20 words are numbered in that order, or numbers where the label is to be
    /// encoded. Blank rows, lines that begin with `#`
    /// above the header, and lines that repeat it are left out. [`notes`](Examples::notes) tell what a
    /// reader would want to know of this. The file is read piece by piece: its text is never in memory
    /// as a whole.
    ///
    /// # Errors
    /// Each names the line and column. If the file cannot be read, is not UTF-8 or no table, is empty
    /// or has no rows; if a quote is not closed; if the header is missing, repeats a name or lacks the
    /// label's; if a row has another length; if features hold text (all are named) or infinite numbers;
    /// if values are missing (they are counted, for all columns); if the label does not have two values,
    /// or up to 20 words.
    pub fn read(&self, path: impl AsRef<Path>) -> Result<Examples> {
        let name = path.as_ref().display().to_string();
        self.examples(BufReader::with_capacity(1 << 16, open(path)?), &name)
    }

    /// [`read`](Csv::read) from any source; `name` stands for it in errors.
    ///
    /// # Errors
    /// As `read`.
    pub fn examples(&self, source: impl BufRead, name: &str) -> Result<Examples> {
        let asked_for = self.label.iter().chain(&self.without).chain(&self.encode);
        let asked_for: Vec<&str> = asked_for.map(String::as_str).collect();
        let mut table = Table::open(source, name, self, &asked_for)?;
        table.assign()?;
        let mut rows = table.rows()?;
        rows.check_strays()?;
        let classes = rows.classes();
        // Many numbers are something to be measured, unless the label is to be encoded.
        let words = classes.iter().any(|class| class.parse::<f64>().is_err())
            || rows.label().is_some_and(|label| self.encode.contains(&label.name));
        if classes.len() > if words { MOST_WORDS } else { 2 } {
            return Err(faults::no_classes(&rows, &classes));
        }
        rows.check()?;
        if classes.len() < 2 {
            return Err(faults::no_classes(&rows, &classes));
        }
        rows.words.place(rows.y.iter_mut(), &classes);
        let label = rows.label().map_or(String::new(), |label| label.name.clone());
        let (mut pairs, mut features) = (vec![], vec![]);
        let column = |Field { name, words, .. }: Field| {
            let words = rows.words.of(&words);
            match &words[..] {
                [first, others @ ..] if others.len() > 1 || self.encode.contains(&name) => {
                    let note = format!("{name}: a column of 0 and 1 for each word but {first}");
                    rows.notes.push(note);
                    features.extend(others.iter().map(|word| format!("{name}={word}")));
                }
                _ => features.push(name.clone()),
            }
            if let [zero, one] = &words[..]
                && features.last() == Some(&name)
                && pairs.len() <= MOST_TOLD
            {
                pairs.push(format!("{name} ({zero}, {one})"));
            }
            Column { name, words }
        };
        let fields = std::mem::take(&mut rows.fields).into_iter();
        let fields = fields.filter(|field| field.role == Role::Feature);
        let columns: Vec<Column> = fields.map(column).collect();
        if pairs.len() > MOST_TOLD {
            pairs[MOST_TOLD] = "...".to_string();
        }
        if !pairs.is_empty() {
            rows.notes.push(format!("read as 0 and 1: {}", pairs.join(", ")));
        }
        let m = rows.lines.len();
        let x = features_of(rows.x, &rows.words, 0..columns.len(), &columns);
        let x = Tensor::new(m, features.len(), x).t();
        let ids = features.iter().enumerate().filter(|(i, name)| {
            let values = (0..m).map(|j| x.get(*i, j)).collect();
            is_id(name, values, &rows.lines)
        });
        rows.notes.extend(ids.take(MOST_TOLD).map(|(_, name)| {
            let option = faults::typed_option("--without", name);
            format!("{name} looks like an id; to leave it out:{option}")
        }));
        let (y, columns) = (Tensor::new(1, m, rows.y), Arc::new(columns));
        let classes = classes.iter().map(|class| class.to_string()).collect();
        Ok(Examples { features, label, classes, x, y, columns, notes: rows.notes })
    }

    /// The columns of these names, as far as the header has them, each as numbers; other columns may
    /// hold anything. `name` stands for the source in errors.
    ///
    /// ```
    /// use chainrule::data::Csv;
    /// let text = "name,x,y\nAda,1,0\nBob,2,1\n";
    /// let columns = Csv::default().columns(text.as_bytes(), "text", &["y", "z"])?;
    /// assert_eq!(columns, [("y".to_string(), vec![0.0, 1.0])]);
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    /// As `read`, for these columns.
    pub fn columns(
        &self,
        source: impl BufRead,
        name: &str,
        wanted: &[&str],
    ) -> Result<Vec<(String, Vec<f64>)>> {
        let mut table = Table::open(source, name, self, wanted)?;
        for field in &mut table.fields {
            let wanted = wanted.contains(&field.name.as_str());
            field.role = if wanted { Role::Feature } else { Role::LeftOut };
        }
        let mut rows = table.rows()?;
        if let Some((_, text)) = rows.faults.pop_first() {
            return Err(text);
        }
        rows.check()?;
        let kept = rows.fields.into_iter().filter(|field| field.role == Role::Feature);
        let names: Vec<String> = kept.map(|field| field.name).collect();
        let width = names.len();
        let values = |i: usize| rows.x.iter().skip(i).step_by(width).copied().collect();
        Ok(names.into_iter().enumerate().map(|(i, name)| (name, values(i))).collect())
    }
}

/// The file, or an error that says why it cannot be read.
///
/// # Errors
/// If it cannot be opened.
pub fn open(path: impl AsRef<Path>) -> Result<File> {
    let name = path.as_ref().display().to_string();
    File::open(path).map_err(|error| faults::unreadable(&name, error))
}

/// More columns of two words than these are not told of.
const MOST_TOLD: usize = 20;

/// The features, row by row, of these columns, which stand at these places of a row: a column of numbers
/// is one, and of a column of words each word but the first is, 1 where it stands.
fn features_of(
    mut x: Vec<f64>,
    words: &Words,
    places: impl ExactSizeIterator<Item = usize> + Clone,
    columns: &[Column],
) -> Vec<f64> {
    let (width, mut features) = (places.len(), vec![]);
    let of_words = |(_, column): &(usize, &Column)| !column.words.is_empty();
    for (place, column) in places.clone().zip(columns).filter(of_words) {
        words.place(x.iter_mut().skip(place).step_by(width), &column.words);
    }
    if columns.iter().all(|column| matches!(column.words.len(), 0 | 2))
        && places.clone().is_sorted()
    {
        return x;
    }
    for row in x.chunks(width) {
        for (place, Column { words, .. }) in places.clone().zip(columns) {
            match words.len() {
                0 => features.push(row[place]),
                count => features.extend((1..count).map(|k| f64::from(row[place] == k as f64))),
            }
        }
    }
    features
}

/// Whether these are whole numbers, all different, that follow each other or are called an id; on these
/// lines, of which some may have been left out.
fn is_id(name: &str, mut values: Vec<f64>, lines: &[u32]) -> bool {
    if values.len() < FEW || values.iter().any(|value| value.fract() != 0.0) {
        return false;
    }
    values.sort_by(f64::total_cmp);
    let most = f64::from(lines[lines.len() - 1] - lines[0]);
    let follow = values[values.len() - 1] - values[0] <= most;
    (follow || name.to_lowercase().ends_with("id")) && values.windows(2).all(|v| v[0] < v[1])
}

/// Of fewer rows anything may be a count.
const FEW: usize = 20;

impl Examples {
    /// [`Csv::read`], with the label that is named.
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
    /// As [`Csv::read`].
    pub fn read_csv(path: impl AsRef<Path>, label: Option<&str>) -> Result<Examples> {
        Csv::new(label, &[]).read(path)
    }

    /// [`read_csv`](Examples::read_csv) from any source, leaving out the columns named in `without`;
    /// `name` stands for the source in errors.
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
    /// As [`Csv::read`].
    pub fn from_csv(
        source: impl BufRead,
        name: &str,
        label: Option<&str>,
        without: &[&str],
    ) -> Result<Examples> {
        Csv::new(label, without).examples(source, name)
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
            columns: self.columns.clone(),
            notes: self.notes.clone(),
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
    /// If a feature is the same in all examples, up to rounding, or differs by less than f64 can tell from 0, or is
    /// NaN or infinite somewhere.
    ///
    /// # Panics
    /// If the fields do not fit each other.
    #[track_caller]
    pub fn standardizer(&self) -> Result<Standardizer> {
        let (scaler, constant) = self.standardizer_and_constants()?;
        match constant.first() {
            Some(&i) => {
                Err(faults::constant(&self.features[i], self.x.get(i, 0), self.y.shape().1))
            }
            None => Ok(scaler),
        }
    }

    /// [`standardizer`](Examples::standardizer), and which features are the same in all examples, up to
    /// rounding. Their deviation is taken as 1, so that they become 0 and their weights stay 0.
    ///
    /// # Errors
    /// If a feature differs by less than f64 can tell from 0, or is NaN or infinite somewhere.
    ///
    /// # Panics
    /// If the fields do not fit each other.
    #[track_caller]
    pub fn standardizer_and_constants(&self) -> Result<(Standardizer, Vec<usize>)> {
        let (n, m) = self.check();
        let (mut means, mut deviations, mut constant) = (vec![], vec![], vec![]);
        for (i, name) in self.features.iter().enumerate() {
            let values = (0..m).map(|j| self.x.get(i, j));
            if let Some((j, x)) = values.clone().enumerate().find(|(_, x)| !x.is_finite()) {
                return Err(Error::new(
                    format!("feature `{}` of example {j} is {x}", brief(name)),
                    ["examples are counted from 0".to_string()],
                    "one such number makes the mean and the deviation NaN or infinite",
                    "fix or drop this example before standardising",
                ));
            }
            let (mean, mut deviation) = mean_and_deviation(values.clone());
            let first = values.clone().next().unwrap_or(f64::NAN);
            let largest = values.clone().fold(0.0, |most: f64, x| most.max(x.abs()));
            let rounding = deviation > 0.0 && deviation <= 4.0 * f64::EPSILON * largest;
            if rounding || values.clone().all(|x| x == first) {
                constant.push(i);
                deviation = 1.0;
            } else if deviation == 0.0 {
                let fact = format!("the smallest number is {:e}", f64::from_bits(1));
                return Err(faults::NO_DEVIATION.of(name, [fact]));
            }
            means.push(mean);
            deviations.push(deviation);
        }
        let (means, deviations) = (Tensor::new(n, 1, means), Tensor::new(n, 1, deviations));
        Ok((Standardizer { means, deviations }, constant))
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

/// Y (k, m) for softmax, from the numbers of the examples' classes, (1, m): each column is 1 in the row
/// of its class and 0 elsewhere.
///
/// ```
/// use chainrule::{data::one_hot, tensor::Tensor};
/// let y = one_hot(&Tensor::new(1, 3, vec![2.0, 0.0, 1.0]), 3);
/// assert_eq!(y, Tensor::from_rows(&[[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]));
/// ```
#[track_caller]
pub fn one_hot(classes: &Tensor, k: usize) -> Tensor {
    let row = |c: usize| classes.entries().map(move |class| f64::from(class == c as f64));
    Tensor::new(k, classes.shape().1, (0..k).flat_map(row).collect())
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
