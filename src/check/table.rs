//! How a comparison looks in a terminal.

use std::fmt;

use super::comparison::{Comparison, Entry, relative};
use super::differences::Difference;
use crate::tensor::Compact;

/// A value with at most ten decimals, in at most fourteen columns.
fn number(value: f64) -> String {
    let size = value.abs();
    let plain = size == 0.0 || size >= 1e-3;
    let before_point = if plain { size.max(1.0).log10().clamp(0.0, 9.0) as usize } else { 2 };
    format!("{:.*}", 10 - before_point, Compact(value))
}

/// The finest classes of errors: of exact judges, and of differences.
pub(super) const EXACT: f64 = 1e-12;
pub(super) const NUMERIC: f64 = 1e-9;

/// A relative error in two digits; with `class`, as a class from there up.
pub(super) fn error_text(error: f64, class: Option<f64>) -> String {
    let least = class.unwrap_or(0.0);
    let mut limits = [1e-12, 1e-9, 1e-6, 1e-3].into_iter().filter(|&limit| limit >= least);
    match limits.find(|&limit| error < limit) {
        Some(limit) if class.is_some() => format!("< {limit:e}"),
        _ if error == 0.0 => "0".to_string(),
        _ => format!("{error:.1e}"),
    }
}

/// A distance in ULP, or as a class.
fn ulps_text(ulps: Option<u64>, class: bool) -> String {
    match ulps {
        None => "-".to_string(),
        Some(..=4) if class => "<= 4".to_string(),
        Some(..=64) if class => "<= 64".to_string(),
        Some(ulps @ ..100_000) if !class => ulps.to_string(),
        Some(_) => if class { "> 64" } else { ">99999" }.to_string(),
    }
}

impl fmt::Display for Comparison {
    /// The values of the first two judges; the largest relative error and distance in ULP between
    /// the first and any other; the relative error of differences, if there are some. Where judges
    /// disagree or a kink is near, a line below the table says more; `too small` are derivatives below
    /// what differences resolve. `{:#}` gives errors as classes,
    /// `< 1e-9` and `<= 4`, which are the same on every machine.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let differences = self.entries.iter().any(|entry| entry.difference.is_some());
        let mut titles = vec!["param"];
        titles.extend(self.judges.iter().take(2));
        titles.extend(["rel.err", "ULP"]);
        titles.extend(differences.then_some("differences"));
        let mut rows: Vec<Vec<String>> = vec![titles.into_iter().map(String::from).collect()];
        let mut notes = String::new();
        for entry in &self.entries {
            let mut row = vec![entry.name.clone()];
            row.extend(entry.values.iter().take(2).map(|&value| number(value)));
            row.push(error_text(entry.relative_error(), f.alternate().then_some(EXACT)));
            row.push(ulps_text(entry.ulps(), f.alternate()));
            if differences {
                row.push(match entry.difference {
                    Some(Difference { kink: Some(_), .. }) => "kink".to_string(),
                    Some(Difference { slope, error, .. }) => {
                        let exact = entry.split().0;
                        let unresolved = exact != slope && exact.abs().max(slope.abs()) <= error;
                        match unresolved {
                            true => "too small".to_string(),
                            false => {
                                error_text(relative(exact, slope), f.alternate().then_some(NUMERIC))
                            }
                        }
                    }
                    None => "-".to_string(),
                });
            }
            notes += &entry.note(&self.judges, self.tolerance);
            rows.push(row);
        }
        let width = |column: usize| {
            rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
        };
        let widths: Vec<usize> = (0..rows[0].len()).filter_map(width).collect();
        for (k, row) in rows.iter().enumerate() {
            write!(f, "{}  {:<w$}", if k == 0 { "" } else { "\n" }, row[0], w = widths[0])?;
            for (cell, width) in row.iter().zip(&widths).skip(1) {
                write!(f, "  {cell:>width$}")?;
            }
            let entry = k.checked_sub(1).map(|k| self.entries[k].verdict(self.tolerance));
            write!(f, "  {}", entry.unwrap_or("verdict"))?;
        }
        write!(f, "{notes}")
    }
}

impl Entry {
    /// What the table has no room for.
    fn note(&self, judges: &[&str], tolerance: f64) -> String {
        let Entry { name, values, difference, blind, .. } = self;
        if let Some(Difference { kink: Some([left, right]), .. }) = difference {
            let [left, right] = [left, right].map(|slope| format!("{:.6}", Compact(*slope)));
            return format!("\n  {name}: a kink within h; slope {left} below it, {right} above");
        }
        if self.fits(tolerance) {
            let why = "no judge that would see a fault can tell here";
            return if *blind { format!("\n  {name}: {why}") } else { String::new() };
        }
        let third = judges.iter().zip(values).skip(2);
        let mut said: Vec<_> = third.map(|(judge, &v)| format!("{judge} {}", number(v))).collect();
        said.extend(difference.map(|d| format!("differences {}", number(d.slope))));
        if said.is_empty() { String::new() } else { format!("\n  {name}: {}", said.join(", ")) }
    }
}
