//! Where the derivation went wrong: of all the rules in it, the one that was applied wrongly.
//!
//! A wrong gradient is nearly always the right one with a single rule applied wrongly at a single
//! place: a slip. The tape knows which rules were applied, where, and to which numbers. So each is replaced, in
//! turn, by what people take for it, and forward mode goes on with that: where the result is the
//! gradient by hand, in all entries and at all points, there is the slip.
//!
//! How often that is right: [`check`](crate::check).

mod matrices;
mod numbers;
mod rules;
mod search;
mod words;

use std::fmt;

use crate::error::{brief, mistake};
use crate::tape::Var;
use crate::tensor::{Compact, Tensor};
use crate::trace::{Node, Place, Trace, Traced, short};
use matrices::Matrices;
use numbers::Numbers;
use search::Point;

/// A computation at one point, and what its derivatives were found to be by hand.
#[derive(Clone, Debug)]
pub struct Claim {
    trace: Trace,
    /// The variable's node, and its derivative.
    yours: Vec<(usize, Tensor)>,
    /// How far each of them may be off by rounding; nothing where this ends.
    rounded: Vec<f64>,
}

impl Claim {
    /// `yours` are derivatives of the output, each with its variable.
    ///
    /// # Panics
    /// If the output is not 1×1, or a variable is of another tape, or newer than the output.
    #[track_caller]
    pub fn new<V: Traced>(output: Var<'_, V>, yours: &[(Var<'_, V>, V)]) -> Claim {
        let vars: Vec<Var<V>> = yours.iter().map(|(var, _)| *var).collect();
        output.tape().assert_own("derivation", &vars);
        if let Some(newer) = vars.iter().find(|var| var.index() > output.index()) {
            mistake(
                "a derivative was given with respect to what is newer than the output",
                &[format!("the output is #{}, the variable #{}", output.index(), newer.index())],
                "an output depends on what was recorded before it",
                "give the variables that the output was computed from",
            )
        }
        let yours = yours.iter().map(|(var, own)| (var.index(), own.to_tensor())).collect();
        Claim { trace: output.trace(), yours, rounded: vec![] }
    }

    /// Derivatives of numbers, each of which may be off by so much, since not all digits were written;
    /// those behind the last of these are exact.
    pub fn rounded(self, by: Vec<f64>) -> Claim {
        Claim { rounded: by, ..self }
    }

    /// For each derivative, how far rounding inside of the formula may move what is right.
    pub(super) fn blurs(&self) -> Vec<f64> {
        Numbers::of(self).map_or(vec![0.0; self.yours.len()], |numbers| numbers.blurs())
    }
}

/// One rule that was applied wrongly, which explains a wrong gradient.
#[derive(Clone, Debug)]
pub struct Slip {
    /// Where.
    pub place: Place,
    /// Which of several operations at that place, if not all; else empty.
    pub which: String,
    /// Where the same would have led to the same gradient.
    pub also: Vec<Place>,
    /// The rule, in words and symbols: what was taken, and what is right.
    pub what: String,
    /// Both in numbers.
    pub numbers: String,
    /// A concrete next step.
    pub hint: String,
    /// At so many points it explains all.
    pub points: usize,
    /// The names of the entries that it explains, if not all that were given.
    pub entries: Vec<String>,
    /// What else went wrong at the same time.
    pub with: Option<Box<Slip>>,
    /// Slips that lead to the same gradient are of one kind.
    kind: String,
}

/// The slips that explain these claims, the likeliest first; none where nothing is to be explained,
/// or where no single rule does. Points whose tape has other operations than the first are left out.
pub fn slips(claims: &[Claim]) -> Explained {
    let numbers: Option<Vec<Numbers>> = claims.iter().map(Numbers::of).collect();
    match numbers {
        Some(numbers) => search::explain(&numbers),
        None => search::explain(&claims.iter().map(Matrices::of).collect::<Vec<_>>()),
    }
}

/// A derivation by hand, judged at one point.
#[derive(Clone, Debug)]
pub struct Derivation {
    /// Each derivative: its name, reverse mode's, yours, and whether they agree.
    pub entries: Vec<(String, Tensor, Tensor, bool)>,
    /// What explains yours, if some disagree.
    pub explained: Explained,
}

impl Derivation {
    /// Whether all derivatives agree.
    pub fn agrees(&self) -> bool {
        self.entries.iter().all(|entry| entry.3)
    }
}

/// Holds derivatives that you found, each with its variable, before reverse mode; where they differ,
/// says at which operation the derivation went wrong. On either tape.
///
/// ```
/// use chainrule::{check, scalar::Tape};
/// let tape = Tape::new();
/// let x = tape.var(1.5).named("x");
/// let y = (x * x).sin();
/// let report = check::derivation(y, &[(x, 2.25f64.cos())]); // and 2x?
/// assert!(!report.agrees() && report.explained.slips[0].what.contains("left out"));
/// ```
///
/// One point is less than many: there, two different mistakes may look the same. A derivative that
/// is a formula is judged at 13 points by `cargo run -- check`, and a function by
/// [`gradient!`](crate::check::gradient!).
///
/// # Panics
/// As [`Claim::new`].
#[track_caller]
pub fn derivation<V: Traced>(output: Var<'_, V>, yours: &[(Var<'_, V>, V)]) -> Derivation {
    let claim = Claim::new(output, yours);
    let right = Matrices::of(&claim);
    let entries = claim.yours.iter().enumerate().map(|(i, (var, yours))| {
        let name = format!("d{}", claim.trace.label(*var));
        (name, right.right(i), yours.clone(), right.is_right(i) == Some(true))
    });
    let entries: Vec<_> = entries.collect();
    Derivation { entries, explained: slips(&[claim]) }
}

impl fmt::Display for Derivation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, right, yours, agrees) in &self.entries {
            let verdict = super::verdict(*agrees);
            match (right.shape(), yours.shape()) {
                ((1, 1), (1, 1)) => {
                    let [right, yours] = [right, yours].map(|x| Compact(x.get(0, 0)));
                    writeln!(f, "{name}  reverse mode {right:.7}  yours {yours:.7}  {verdict}")?;
                }
                (right, yours) => {
                    writeln!(f, "{name}  reverse mode {right:?}  yours {yours:?}  {verdict}")?;
                }
            }
        }
        match self.agrees() {
            true => write!(f, "verdict: AGREE"),
            false => self.explained.fmt(f),
        }
    }
}

/// What slips explain.
#[derive(Clone, Debug, Default)]
pub struct Explained {
    /// The likeliest first; none where no single rule explains what is wrong.
    pub slips: Vec<Slip>,
    /// The names of the derivatives that are wrong and that these do not explain.
    pub unexplained: Vec<String>,
    /// At so many points something is wrong.
    pub wrong: usize,
    /// So many points were looked at.
    pub of: usize,
    /// For each derivative, whether it is right at each point; None where rounding hides it.
    pub right: Vec<Vec<Option<bool>>>,
}

/// So many explanations are shown.
const SHOWN: usize = 3;

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Explained { slips, unexplained, of, wrong, .. } = self;
        write!(f, "error: the derivative by hand is wrong; ")?;
        let Some(first) = slips.first() else {
            write!(f, "no single rule explains it")?;
            if *of > 1 {
                write!(f, "\n   = it is wrong at {wrong} of {of} points")?;
            }
            return write!(f, "\n try: differentiate each part of the formula by itself");
        };
        let together = std::iter::successors(Some(first), |slip| slip.with.as_deref()).count();
        match (slips.len().min(SHOWN), together, unexplained.is_empty()) {
            (.., false) => write!(f, "a part is explained")?,
            (1, 1, _) => write!(f, "one slip explains it")?,
            (1, together, _) => write!(f, "{together} slips explain it")?,
            (count, ..) => write!(f, "any one of {count} slips would explain it")?,
        }
        match of {
            _ if slips.len() > 1 => {}
            1 => write!(f, ", at this point")?,
            of => write!(f, ", at {} of {of} points", first.points)?,
        }
        slips.iter().take(SHOWN).try_for_each(|slip| write!(f, "\n{slip}"))?;
        match unexplained.is_empty() {
            true => Ok(()),
            false => write!(f, "\n   = no single rule explains {}", unexplained.join(", ")),
        }
    }
}

/// The variables' names and values: `w = 0.5, x = 2`.
fn point(trace: &Trace) -> String {
    let leaves = trace.nodes.iter().filter(|node| node.operands.is_empty() && node.varies);
    let value = |node: &Node| format!("{} = {}", node.name, short(node.value.get(0, 0)));
    lines(leaves.filter(|node| !node.name.is_empty()).map(value), ",")
}

/// Joined, in lines that fit on a screen.
fn lines(parts: impl Iterator<Item = String>, by: &str) -> String {
    let (mut text, mut width) = (String::new(), 0);
    for part in parts {
        let more = part.chars().count() + 2;
        let wide = width + more > 58;
        if width > 0 {
            text += by;
            text += if wide { "\n     " } else { " " };
        }
        width = if wide { more } else { width + more };
        text += &part;
    }
    text
}

impl fmt::Display for Slip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Text(stretch) => {
                let [line, marks] = stretch.underlined();
                write!(f, "   {line}\n   {marks} here")?;
            }
            place => write!(f, "  --> {place}")?,
        }
        if !self.which.is_empty() {
            write!(f, ", {}", self.which)?;
        }
        if !self.entries.is_empty() {
            let names: Vec<String> = self.entries.iter().map(|name| format!("d{name}")).collect();
            write!(f, "\n     for {}", names.join(", "))?;
        }
        write!(f, "\n   = {}", self.what)?;
        if !self.numbers.is_empty() {
            write!(f, "\n     {}", self.numbers)?;
        }
        if !self.also.is_empty() {
            let place = |place: &Place| match place {
                Place::Text(stretch) => brief(stretch.text()),
                place => place.to_string(),
            };
            let more = (self.also.len() > SHOWN).then(|| "...".to_string());
            let also = self.also.iter().take(SHOWN).map(place).chain(more);
            write!(f, "\n     or the same at: {}", lines(also, " |"))?;
        }
        write!(f, "\n try: {}", self.hint)?;
        match &self.with {
            Some(other) => write!(f, "\n and at the same time\n{other}"),
            None => Ok(()),
        }
    }
}
