//! The one form in which everything that goes wrong is told, and the errors that come back as
//! values.
//!
//! All of them, with what to do: `docs/errors.md`.
//!
//! A fault in the data comes back as an [`Error`]. A mistake in the program panics, at the
//! learner's own line, with a message of the same form.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Range;
use std::panic::Location;
use std::sync::Arc;

/// What a function of this crate returns when its data may be at fault.
pub type Result<T> = std::result::Result<T, Error>;

/// A fault in the data: what happened, where, the facts, why it matters and what to try.
///
/// ```
/// use chainrule::{logistic, tensor::Tensor};
/// let (w, b) = logistic::initialize_with_zeros(1);
/// let x = Tensor::new(1, 2, vec![0.5, 1.5]);
/// let y = Tensor::new(1, 2, vec![1.0, 2.0]);
/// let error = logistic::propagate(&w, b, &x, &y).unwrap_err();
/// assert_eq!(error.what, "labels must be 0 or 1, and Y has 2");
/// assert!(error.to_string().contains("\n try: "));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Error {
    /// What happened, in one complete line.
    pub what: String,
    /// Where in a file, if the fault lies in one.
    pub place: Option<Box<Place>>,
    /// Shapes, values and names.
    pub facts: Vec<String>,
    /// One sentence of mathematics.
    pub why: &'static str,
    /// A concrete next step.
    pub hint: String,
}

/// A place in a text file.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Place {
    /// The file's path, or a name that stands for it.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column, in characters, counted from 1.
    pub column: usize,
    /// The line as it stands in the file.
    pub text: String,
}

/// Some characters of a text that was typed.
#[derive(Clone, Debug)]
pub struct Stretch {
    pub(crate) source: Arc<Source>,
    pub(crate) bytes: Range<usize>,
}

/// A text that was typed, and what stands for its file.
#[derive(Debug, Default)]
pub(crate) struct Source {
    pub file: String,
    pub text: String,
}

impl Source {
    /// The line around this byte.
    pub fn line(&self, at: usize) -> Range<usize> {
        let start = self.text[..at].rfind('\n').map_or(0, |k| k + 1);
        start..self.text[at..].find('\n').map_or(self.text.len(), |k| at + k)
    }

    /// Where this byte stands.
    pub fn place(&self, at: usize) -> Place {
        let line = self.line(at);
        Place {
            file: self.file.clone(),
            line: self.text[..at].matches('\n').count() + 1,
            column: self.text[line.start..at].chars().count() + 1,
            text: self.text[line].trim_end().to_string(),
        }
    }
}

impl Stretch {
    /// The characters themselves.
    pub fn text(&self) -> &str {
        &self.source.text[self.bytes.clone()]
    }

    /// The line that it begins in, as far as it fits, and below it the stretch underlined.
    pub fn underlined(&self) -> [String; 2] {
        let Range { start, end } = self.bytes;
        let place = self.source.place(start);
        let (window, caret) = window(&place.text, place.column);
        let all: usize = self.source.text[start..end].chars().map(width).sum();
        let shown: usize = window.chars().map(width).sum();
        let marks = all.min(shown.saturating_sub(caret)).max(1);
        [window, " ".repeat(caret) + &"^".repeat(marks)]
    }
}

impl PartialEq for Stretch {
    /// Whether both are the same characters of one text.
    fn eq(&self, other: &Stretch) -> bool {
        self.bytes == other.bytes && Arc::ptr_eq(&self.source, &other.source)
    }
}

impl Error {
    pub(crate) fn new(
        what: impl Into<String>,
        facts: impl IntoIterator<Item = String>,
        why: &'static str,
        hint: impl Into<String>,
    ) -> Error {
        let facts = facts.into_iter().collect();
        Error { what: what.into(), place: None, facts, why, hint: hint.into() }
    }

    pub(crate) fn at(self, file: &str, line: usize, column: usize, text: &str) -> Error {
        let (file, text) = (file.to_string(), text.to_string());
        self.at_place(Place { file, line, column, text })
    }

    pub(crate) fn at_place(mut self, place: Place) -> Error {
        self.place = Some(Box::new(place));
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.what)?;
        if let Some(place) = &self.place {
            write!(f, "\n  --> {}:{}:{}", place.file, place.line, place.column)?;
            if !place.text.is_empty() {
                let (window, caret) = window(&place.text, place.column);
                write!(f, "\n   | {window}\n   | {:caret$}^", "")?;
            }
        }
        write!(f, "{}", tail(&self.facts, self.why, &self.hint))
    }
}

/// The part of a line that holds the place, and how far from its left the place lies on screen.
fn window(text: &str, column: usize) -> (String, usize) {
    let before: Vec<char> = text.chars().take(column.saturating_sub(1)).collect();
    let skipped = before.len() - before.iter().rev().take_while(fits(49)).count();
    let caret = before[skipped..].iter().map(|&c| width(c)).sum();
    // A tab, or what else would move the cursor, takes one place.
    let visible = |c: char| if c.is_control() { ' ' } else { c };
    let shown = text.chars().skip(skipped);
    (shown.take_while(fits(70)).map(visible).collect(), caret)
}

/// Whether one more character still fits into so many places.
fn fits<C: Borrow<char>>(places: usize) -> impl FnMut(&C) -> bool {
    let mut filled = 0;
    move |c| {
        filled += width(*c.borrow());
        filled <= places
    }
}

/// How many places a character takes on screen: none if it sits on the one before, two if it is
/// East Asian or an emoji.
fn width(c: char) -> usize {
    match u32::from(c) {
        0x300..=0x36f | 0x200b..=0x200f | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff => 2,
        0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6 => 2,
        0x1f300..=0x1f64f | 0x1f680..=0x1faff | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

impl std::error::Error for Error {}

/// Panics at the learner's own line, in the form of an [`Error`].
#[track_caller]
pub(crate) fn mistake(what: &str, facts: &[String], why: &str, hint: &str) -> ! {
    mistake_at(Location::caller(), what, facts, why, hint)
}

/// [`mistake`], for a line that was recorded earlier.
#[track_caller]
pub(crate) fn mistake_at(
    at: &Location<'_>,
    what: &str,
    facts: &[String],
    why: &str,
    hint: &str,
) -> ! {
    panic!("{what}\n  --> {at}{}", tail(facts, why, hint))
}

fn tail(facts: &[String], why: &str, hint: &str) -> String {
    let facts: String = facts.iter().map(|fact| format!("\n   = {fact}")).collect();
    format!("{facts}\n why: {why}\n try: {hint}")
}

/// The first of many names.
pub(crate) fn list(names: &[impl AsRef<str>]) -> String {
    let shown: Vec<String> = names.iter().take(8).map(|name| brief(name.as_ref())).collect();
    shown.join(", ") + if names.len() > 8 { ", ..." } else { "" }
}

/// The name that this one is most likely a slip of: all but two letters stand at its beginning and
/// its end.
pub(crate) fn nearest<'a>(names: &[&'a str], wanted: &str) -> Option<&'a str> {
    let between = |name: &&str| {
        let same = |(x, y): &(u8, u8)| x == y;
        let before = name.bytes().zip(wanted.bytes()).take_while(same).count();
        let after = name.bytes().rev().zip(wanted.bytes().rev()).take_while(same).count();
        let (less, more) = (name.len().min(wanted.len()), name.len().max(wanted.len()));
        more - less.min(before + after)
    };
    let near = names.iter().copied().filter(|name| between(name) <= 2.min(wanted.len() / 2));
    near.min_by_key(between)
}

/// A text that fits into a line: without control characters, its end left out if it is long.
pub(crate) fn brief(text: &str) -> String {
    let visible = |c: char| if c.is_control() { ' ' } else { c };
    let start: String = text.chars().take(40).map(visible).collect();
    if text.chars().nth(40).is_some() { start + "..." } else { start }
}
