//! From a CSV file to examples: read, standardise, split.

use std::fs::File;
use std::io::{BufRead, BufReader};

use crate::error::{Error, Result};
use crate::random::Random;
use crate::tensor::Tensor;

/// Examples with their labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Examples {
    /// The name of each feature.
    pub features: Vec<String>,
    /// The name of the label.
    pub label: String,
    /// (n features, m examples); in memory each example's features lie next to each other.
    pub x: Tensor,
    /// The labels, (1, m).
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
    /// ```
    /// # fn main() -> chainrule::Result<()> {
    /// use chainrule::data::Examples;
    /// let orings = Examples::read_csv("examples/data/challenger_orings.csv", None)?;
    /// assert_eq!((orings.x.shape(), orings.features[0].as_str()), ((1, 23), "temp_F"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// If the file cannot be read, is empty or has no rows, lacks the label's column, or has a row
    /// of another length or a cell that is no finite number.
    pub fn read_csv(path: &str, label: Option<&str>) -> Result<Examples> {
        match File::open(path) {
            Ok(file) => Examples::from_csv(BufReader::new(file), path, label),
            Err(error) => Err(unreadable(path, error)),
        }
    }

    /// [`read_csv`](Examples::read_csv) from any source; `name` stands for it in errors.
    ///
    /// ```
    /// use chainrule::data::Examples;
    /// let text = "hours,passed\n0.5,0\n5.5,1\n";
    /// let examples = Examples::from_csv(text.as_bytes(), "hours.csv", Some("passed"))?;
    /// assert_eq!(examples.y.to_vec(), [0.0, 1.0]);
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    /// As `read_csv`.
    pub fn from_csv(source: impl BufRead, name: &str, label: Option<&str>) -> Result<Examples> {
        let mut lines = (1..).zip(source.lines());
        let header = match lines.next() {
            None => return Err(no_rows(name, 1, "the file is empty")),
            Some((_, line)) => line.map_err(|error| unreadable(name, error))?,
        };
        let mut features: Vec<String> = header.split(',').map(|s| s.trim().to_string()).collect();
        let width = features.len();
        let label_at = match label {
            None => width - 1,
            Some(label) => {
                features.iter().position(|feature| feature == label).ok_or_else(|| {
                    Error::new(
                        format!("no column is named `{label}`"),
                        [format!("the columns are {}", features.join(", "))],
                        "the label is what the model learns to predict",
                        format!("--label {}", features[width - 1]),
                    )
                    .at(name, 1, 1, &header)
                })?
            }
        };
        if width == 1 {
            let what = "there is one column only, and no features beside the label";
            let facts = [format!("the column is `{}`", features[0])];
            let why = "without features the model has nothing to tell the examples apart by";
            let hint = "separate the columns with commas: feature,label";
            return Err(Error::new(what, facts, why, hint).at(name, 1, 1, &header));
        }
        let (mut x, mut y, mut last) = (vec![], vec![], 1);
        for (number, line) in lines {
            let line = line.map_err(|error| unreadable(name, error))?;
            last = number;
            if line.trim().is_empty() {
                continue;
            }
            let mut column = 1;
            let cells = line.split(',').count();
            if cells != width {
                return Err(Error::new(
                    format!("this row has {cells} cells, the header has {width}"),
                    [format!("the columns are {}", features.join(", "))],
                    "every example needs a value for every feature, and a label",
                    "complete the row, or delete it",
                )
                .at(name, number, 1, &line));
            }
            for (k, cell) in line.split(',').enumerate() {
                let value = cell.trim().parse::<f64>().ok().filter(|value| value.is_finite());
                let Some(value) = value else {
                    let indent = cell.chars().take_while(|c| c.is_whitespace()).count();
                    let error = not_a_number(cell.trim(), &features[k]);
                    return Err(error.at(name, number, column + indent, &line));
                };
                if k == label_at {
                    y.push(value)
                } else {
                    x.push(value)
                }
                column += cell.chars().count() + 1;
            }
        }
        if y.is_empty() {
            return Err(no_rows(name, last, "there is a header, and no row below it"));
        }
        let label = features.remove(label_at);
        let x = Tensor::new(y.len(), features.len(), x).t();
        Ok(Examples { x, y: Tensor::new(1, y.len(), y), features, label })
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
    pub fn split(&self, test_share: f64, seed: u64) -> Result<(Examples, Examples)> {
        let m = self.y.shape().1;
        if m < 2 || !(test_share > 0.0 && test_share < 1.0) {
            return Err(Error::new(
                format!("{m} examples cannot be split with a test share of {test_share}"),
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

    fn pick(&self, which: &[usize]) -> Examples {
        let n = self.features.len();
        let entries = which.iter().flat_map(|&j| (0..n).map(move |i| self.x.get(i, j))).collect();
        let labels = which.iter().map(|&j| self.y.get(0, j)).collect();
        Examples {
            x: Tensor::new(which.len(), n, entries).t(),
            y: Tensor::new(1, which.len(), labels),
            features: self.features.clone(),
            label: self.label.clone(),
        }
    }

    /// The means and deviations of these examples' features.
    ///
    /// ```
    /// use chainrule::data::Examples;
    /// let examples = Examples::from_csv("x,y\n1,0\n3,1\n".as_bytes(), "text", None)?;
    /// let scaled = examples.standardizer()?.apply(&examples.x)?;
    /// assert_eq!(scaled.to_vec(), [-1.0, 1.0]);
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    /// If a feature is the same in all examples, or its deviation is no finite number.
    pub fn standardizer(&self) -> Result<Standardizer> {
        let (n, m) = self.x.shape();
        let (mut means, mut deviations) = (vec![], vec![]);
        for i in 0..n {
            let row = self.x.t().columns(i..i + 1);
            let mean = row.sum() / m as f64;
            let deviation = (row.map(|x| (x - mean) * (x - mean)).sum() / m as f64).sqrt();
            let first = row.entries().next().unwrap_or(f64::NAN);
            if row.entries().all(|x| x == first) {
                return Err(Error::new(
                    format!("feature `{}` is {first} in all {m} examples", self.features[i]),
                    [],
                    "standardising divides by the deviation, which is 0 here",
                    format!(
                        "drop the column `{}`: it tells no two examples apart",
                        self.features[i]
                    ),
                ));
            }
            if !(deviation.is_finite() && deviation > 0.0) {
                return Err(Error::new(
                    format!("feature `{}` has a deviation of {deviation}", self.features[i]),
                    [format!("its mean is {mean}")],
                    "standardising divides by the deviation",
                    "look for NaN, infinite, huge or tiny cells in this column",
                ));
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
    pub fn apply(&self, x: &Tensor) -> Result<Tensor> {
        let ((n, _), (known, _)) = (x.shape(), self.means.shape());
        if n != known {
            return Err(Error::new(
                format!("X has {n} features, and {known} were standardised in training"),
                [format!("X is {:?}", x.shape())],
                "each feature is scaled by the mean and deviation it had in training",
                "give new data the same features, one per row; if examples are rows, pass x.t()",
            ));
        }
        Ok(&(x - &self.means) / &self.deviations)
    }
}

fn not_a_number(cell: &str, column: &str) -> Error {
    let what = match cell {
        "" => "this cell is empty".to_string(),
        cell => format!("`{cell}` is not a finite number"),
    };
    Error::new(
        what,
        [format!("column `{column}`")],
        "features and labels enter formulas, so each cell must be a number",
        "write a number here, or delete the row",
    )
}

fn unreadable(name: &str, error: std::io::Error) -> Error {
    Error::new(
        format!("cannot read {name}: {error}"),
        [],
        "the examples come from this file",
        "check the path; it is looked up from the folder in which the command runs",
    )
}

fn no_rows(name: &str, line: usize, what: &str) -> Error {
    Error::new(
        what,
        [],
        "the cost is a mean over the examples, and 0/0 is no number",
        "add a header row such as x,y and below it one row per example",
    )
    .at(name, line, 1, "")
}
