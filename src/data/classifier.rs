//! What was learned, with all that new data need: to be saved, read again and asked.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::Path;

use super::csv::Reader;
use super::table::{Role, Table};
use super::{Column, Csv, Examples, Standardizer, faults, features_of};
use crate::error::Result;
use crate::tensor::Tensor;

/// A layer with a node for each class, and the columns that it reads.
///
/// ```
/// use chainrule::data::{Classifier, Csv, Examples};
/// use chainrule::tensor::Tensor;
/// let text = "hours,sex,passed\n1,m,no\n2,f,no\n3,m,yes\n4,f,yes\n";
/// let examples = Examples::from_csv(text.as_bytes(), "text", None, &[])?;
/// let w = Tensor::new(2, 1, vec![1.5, 0.0]);
/// let model = Classifier::new(&examples, examples.standardizer()?, &w, 0.25);
/// let saved = model.to_csv();
/// assert_eq!(Classifier::from_csv(saved.as_bytes(), "saved")?, model);
///
/// // New data may have another order, and no label.
/// let new = model.read("sex,hours\nf,2.5\n".as_bytes(), "new", &Csv::default())?;
/// let p = model.probabilities(&new.x)?;
/// assert_eq!(format!("{:.3} {:.3}", p.get(0, 0), p.get(1, 0)), "0.438 0.562");
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Classifier {
    /// The name of the label.
    pub label: String,
    /// Its values, one for each node.
    pub classes: Vec<String>,
    /// Where the n features come from.
    pub columns: Vec<Column>,
    /// How they are scaled.
    pub scaler: Standardizer,
    /// The weights of the nodes, (n, k).
    pub w: Tensor,
    /// Their biases, (k, 1).
    pub b: Tensor,
    /// Columns that were left out in training, and may be there in new data.
    pub without: Vec<String>,
}

/// New data, as a [`Classifier`] reads them.
#[derive(Clone, Debug, PartialEq)]
pub struct Unlabelled {
    /// (n features, m examples), not yet standardised.
    pub x: Tensor,
    /// The number of each example's class, NaN where the file does not say it; (1, m).
    pub y: Tensor,
    /// The line of each example.
    pub lines: Vec<usize>,
    /// What was done to the file, and its reader should know.
    pub notes: Vec<String>,
}

impl Classifier {
    /// What was learned: W (n, k) and b (k, 1), a node for each class; or the one node of logistic
    /// regression, w (n, 1) and b. With another for class 0, whose weights are 0, it is a layer of two,
    /// since `σ(z) = eᶻ/(e⁰ + eᶻ)`.
    ///
    /// # Panics
    /// If w and b do not have a node for each class, or one for two.
    #[track_caller]
    pub fn new(
        examples: &Examples,
        scaler: Standardizer,
        w: &Tensor,
        b: impl Into<Tensor>,
    ) -> Classifier {
        let (n, nodes) = w.shape();
        let b = Tensor::new(1, nodes, b.into().to_vec());
        let of_classes = |own: &Tensor| match nodes {
            1 => own.matmul(&Tensor::from_rows(&[[0.0, 1.0]])),
            _ => own.clone(),
        };
        Classifier {
            label: examples.label.clone(),
            classes: examples.classes.clone(),
            columns: examples.columns.to_vec(),
            scaler,
            w: Tensor::new(n, examples.classes.len(), of_classes(w).to_vec()),
            b: Tensor::new(examples.classes.len(), 1, of_classes(&b).to_vec()),
            without: vec![],
        }
    }

    /// Reads new data by the names of their columns. The label may be there or not.
    ///
    /// # Errors
    /// As [`Csv::read`], and if a column is missing, or one is there that the model does not know and
    /// that `csv` does not leave out, or if a word did not occur in training.
    pub fn read(&self, source: impl BufRead, name: &str, csv: &Csv) -> Result<Unlabelled> {
        let names: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
        let mut table = Table::open(source, name, csv, &names)?;
        table.assign_known(self)?;
        let mut rows = table.rows()?;
        rows.check()?;
        let features = rows.fields.iter().filter(|field| field.role == Role::Feature);
        let there: HashMap<&str, usize> =
            features.enumerate().map(|(i, field)| (field.name.as_str(), i)).collect();
        let places: Vec<usize> = names.iter().filter_map(|name| there.get(name).copied()).collect();
        let m = rows.lines.len();
        rows.words.place(rows.y.iter_mut(), &self.classes);
        let x = features_of(rows.x, &rows.words, places.into_iter(), &self.columns);
        let x = Tensor::new(m, self.w.shape().0, x).t();
        let y = if rows.y.is_empty() { vec![f64::NAN; m] } else { rows.y };
        let lines = rows.lines.into_iter().map(|line| line as usize).collect();
        Ok(Unlabelled { x, y: Tensor::new(1, m, y), lines, notes: rows.notes })
    }

    /// The probability of each class for each example, (k, m), for X (n, m) not yet standardised:
    /// `eᶻ / Σ eᶻ`, the sum over the classes.
    ///
    /// # Errors
    /// If X has another number of features.
    #[track_caller]
    pub fn probabilities(&self, x: &Tensor) -> Result<Tensor> {
        Ok((&self.w.t().matmul(&self.scaler.apply(x)?) + &self.b).softmax())
    }

    /// The number of the class whose probability is largest, for each example: (1, m). NaN where a
    /// probability is.
    pub fn predictions(probabilities: &Tensor) -> Tensor {
        let (k, m) = probabilities.shape();
        let best = |j: usize| {
            let p = |i| probabilities.get(i, j);
            let best = (1..k).fold(0, |best, i| if p(i) > p(best) { i } else { best });
            if (0..k).any(|i| p(i).is_nan()) { f64::NAN } else { best as f64 }
        };
        Tensor::new(1, m, (0..m).map(best).collect())
    }

    /// A table that a person can read, and so can [`from_csv`](Classifier::from_csv): the label, the
    /// biases, and for each feature its mean, its deviation and its weight for each class.
    pub fn to_csv(&self) -> String {
        let n = self.w.shape().0;
        let numbers = |tensor: &Tensor| tensor.to_vec().iter().map(|x| format!("{x:?}")).collect();
        let row = |start: [&str; 5], end: Vec<String>| -> String {
            let cells = start.iter().map(|cell| quoted(cell)).chain(end);
            cells.collect::<Vec<_>>().join(",") + "\n"
        };
        let (means, deviations): (Vec<String>, Vec<String>) =
            (numbers(&self.scaler.means), numbers(&self.scaler.deviations));
        let weights = |i: usize| numbers(&self.w.t().columns(i..i + 1));
        let classes = self.classes.iter().map(|class| quoted(class));
        let mut text = row(HEADER, classes.collect());
        let nothing = || vec![String::new(); self.classes.len()];
        text += &row(["label", &self.label, "", "", ""], nothing());
        for name in &self.without {
            text += &row(["without", name, "", "", ""], nothing());
        }
        text += &row(["bias", "", "", "", ""], numbers(&self.b));
        let mut features = (0..n).map(|i| (&means[i], &deviations[i], weights(i)));
        for Column { name, words } in &self.columns {
            // The first word has no feature: what is always 0 in place of it has no weight.
            if let Some(first) = words.first() {
                let nothing = vec!["0".to_string(); self.classes.len()];
                text += &row(["feature", name, first, "0", "1"], nothing);
            }
            let others = words.get(1..).unwrap_or_default().iter().map(|word| &**word);
            let number = words.is_empty().then_some("");
            for (word, (mean, deviation, weights)) in others.chain(number).zip(&mut features) {
                text += &row(["feature", name, word, mean, deviation], weights);
            }
        }
        text
    }

    /// [`from_csv`](Classifier::from_csv), from a file.
    ///
    /// # Errors
    /// As `from_csv`, and if the file cannot be read.
    pub fn read_csv(path: impl AsRef<Path>) -> Result<Classifier> {
        let name = path.as_ref().display().to_string();
        Classifier::from_csv(BufReader::new(super::open(path)?), &name)
    }

    /// Reads what [`to_csv`](Classifier::to_csv) wrote; `name` stands for the source in errors.
    ///
    /// # Errors
    /// If it is no such table, with the line and column where it is not.
    pub fn from_csv(source: impl BufRead, name: &str) -> Result<Classifier> {
        let mut csv = Reader::new(source, name, b',', &[]);
        let no_model = |csv: &Reader<'_, _>, k, what: &str| {
            Err(faults::NO_MODEL.at(csv, k, "", [format!("expected here: {what}")]))
        };
        if !csv.next()? || csv.cells.len() < 7 || !csv.texts().zip(HEADER).all(|(a, b)| a == b) {
            return no_model(&csv, 0, "what,column,word,mean,deviation, and the classes");
        }
        let classes: Vec<String> = csv.texts().skip(5).map(|text| text.into_owned()).collect();
        let (mut label, mut b, mut columns, mut without) =
            (None, None, Vec::<Column>::new(), vec![]);
        let (mut means, mut deviations, mut w) = (vec![], vec![], vec![]);
        while csv.next()? {
            let cells: Vec<String> = csv.texts().map(|text| text.into_owned()).collect();
            if cells.len() != 5 + classes.len() {
                return no_model(&csv, 0, "as many cells as in the header");
            }
            let (column, word) = (&cells[1], &cells[2]);
            let first = match cells[0].as_str() {
                "feature" => 3,
                "bias" => 5, // they have no mean and deviation
                _ => cells.len(),
            };
            let mut numbers = vec![];
            for (k, cell) in cells.iter().enumerate().skip(first) {
                match cell.parse::<f64>() {
                    Ok(x) if k != 4 || x > 0.0 => numbers.push(x),
                    _ => return no_model(&csv, k, "a number, of a deviation a positive one"),
                }
            }
            match (cells[0].as_str(), &numbers[..]) {
                ("label", _) => label = Some(column.clone()),
                ("without", _) => without.push(column.clone()),
                ("bias", _) => b = Some(numbers),
                ("feature", [mean, deviation, weights @ ..]) => {
                    let again = columns.last().is_some_and(|last| last.name == *column);
                    if word.is_empty() || !again {
                        columns.push(Column { name: column.clone(), words: vec![] });
                    }
                    if word.is_empty() || again {
                        means.push(*mean);
                        deviations.push(*deviation);
                        w.extend(weights);
                    } // the first word has no weights
                    let last = columns.last_mut().filter(|_| !word.is_empty());
                    last.into_iter().for_each(|last| last.words.push(word.as_str().into()));
                }
                _ => return no_model(&csv, 0, "a label, what is left out, biases or a feature"),
            }
        }
        let (Some(label), Some(b), false) = (label, b, means.is_empty()) else {
            return no_model(&csv, 0, "a label, biases and features");
        };
        let (n, k) = (means.len(), classes.len());
        let (means, deviations) = (Tensor::new(n, 1, means), Tensor::new(n, 1, deviations));
        let scaler = Standardizer { means, deviations };
        let (w, b) = (Tensor::new(n, k, w), Tensor::new(k, 1, b));
        Ok(Classifier { label, classes, columns, scaler, w, b, without })
    }
}

const HEADER: [&str; 5] = ["what", "column", "word", "mean", "deviation"];

/// A text as it stands in a CSV file.
///
/// ```
/// assert_eq!(chainrule::data::quoted("a \"b\""), "\"a \"\"b\"\"\"");
/// ```
pub fn quoted(text: &str) -> String {
    match text.contains([',', '"', '\n', '\'']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_string(),
    }
}
