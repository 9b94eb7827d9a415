//! Where the derivation went wrong: of all rules that were applied, the one that was got wrong.
//!
//! A wrong gradient is nearly always the right one with a single rule got wrong at a single place: a
//! slip. The tape knows which rules were applied, where, and to which numbers. So each is replaced, in
//! turn, by what people take for it, and forward mode goes on with that: where the result is the
//! gradient by hand, in all entries and at all points, there is the slip.

mod matrices;
mod numbers;
mod rules;
mod search;

use std::fmt;

use crate::error::{brief, mistake};
use crate::tape::Var;
use crate::tensor::{Compact, Tensor};
use crate::trace::{Operand, Place, Trace, Traced, short, spelled};
use numbers::{Change, Numbers};
use rules::Part;
use search::Search;

/// A computation at one point, and what its derivatives were found to be by hand.
#[derive(Clone, Debug)]
pub struct Claim {
    trace: Trace,
    /// The variable's node, and its derivative.
    yours: Vec<(usize, Tensor)>,
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
        Claim { trace: output.trace(), yours }
    }
}

/// One rule that was got wrong, which explains a wrong gradient.
#[derive(Clone, Debug)]
pub struct Slip {
    /// Where.
    pub place: Place,
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
    rank: (u8, usize, usize),
    kind: String,
}

/// The slips that explain these claims, the likeliest first; none where nothing is to be explained,
/// or where no single rule does. Points whose tape has other operations than the first are left out.
pub fn slips(claims: &[Claim]) -> Explained {
    let numbers: Option<Vec<Numbers>> = claims.iter().map(Numbers::of).collect();
    let slips = match numbers {
        Some(numbers) => search::slips(&numbers),
        None => matrices::slips(claims),
    };
    let wrong = |claim: &&Claim| match Numbers::of(claim) {
        Some(numbers) => numbers.entries.iter().any(|entry| entry.is_wrong()),
        None => true,
    };
    Explained { slips, wrong: claims.iter().filter(wrong).count(), of: claims.len() }
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
    let right = matrices::sweep(&claim.trace, |step| step.local.clone());
    let sizes = matrices::sizes(&claim.trace);
    let entries = claim.yours.iter().map(|(var, yours)| {
        let zero = || Tensor::zeros(yours.shape().0, yours.shape().1);
        let right = right[*var].clone().unwrap_or_else(zero);
        let agrees = matrices::same(yours, &right, &sizes[*var], 0.0);
        (format!("d{}", claim.trace.label(*var)), right, yours.clone(), agrees)
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
    /// At so many points something is wrong.
    pub wrong: usize,
    /// So many points were looked at.
    pub of: usize,
}

/// So many explanations are shown.
const SHOWN: usize = 3;

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Explained { slips, of, wrong } = self;
        write!(f, "error: the derivative by hand is wrong; ")?;
        let Some(first) = slips.first() else {
            write!(f, "no single rule explains it")?;
            if *of > 1 {
                write!(f, "\n   = it is wrong at {wrong} of {of} points")?;
            }
            return write!(f, "\n try: check each part of the formula by itself");
        };
        let which = match (slips.len().min(SHOWN), &first.with) {
            (1, None) => "one slip explains it".to_string(),
            (1, Some(_)) => "two slips explain it".to_string(),
            (count, _) => format!("one of {count} explains it"),
        };
        match of {
            1 => write!(f, "{which}, at this point")?,
            of => write!(f, "{which}, at {} of {of} points", first.points)?,
        }
        slips.iter().take(SHOWN).try_for_each(|slip| write!(f, "\n{slip}"))
    }
}

impl Search<'_> {
    /// A change in words.
    fn slip(&self, change: &Change, entries: &[usize]) -> Slip {
        let here = &self.numbers[0];
        let (trace, node) = (here.trace, change.nodes[0]);
        let wrong = &change.wrong;
        let operation = trace.nodes[node].operation;
        // An entry at which it shows.
        let shows = |i: &usize| here.entries[*i].is_wrong();
        let entry = entries.iter().copied().find(shows).unwrap_or(entries[0]);
        let var = here.entries[entry].var;
        let numbers = |n: &Numbers, i: usize| n.taken(change, 0, i, &n.entries[i].slopes).1;
        let [taken, right] = numbers(here, entry);
        let others = [change.others.first().copied(), Some(var)];
        let spell = |template: &str| spell(trace, node, template, others);
        let k = if let Part::Local(k) = wrong.part { k } else { 0 };
        // Of the operands, the one that depends on the parameter, if it is that itself.
        let depends = |k: &usize| match trace.nodes[node].operands[*k] {
            Operand::Node(x) => here.entries[entry].depends[x],
            Operand::Number(_) => false,
        };
        let mut operands = (0..trace.nodes[node].operands.len()).filter(depends);
        let rule = match (wrong.part, operands.next(), operands.next()) {
            (Part::Slope, Some(k), None) => match trace.nodes[node].operands[k] {
                Operand::Node(x) if x == var => operation.slopes[k.min(1)],
                _ => "",
            },
            (Part::Slope, ..) => match operation.rule() {
                Some("mul") => "x' c + x c'",
                Some("div") => "(x' c - x c') / c²",
                _ => "",
            },
            (Part::Logit, ..) => "a - label",
            _ => operation.slopes[k.min(1)],
        };
        let right_text = spell(rule);
        let operand = ["x", "c"][k.min(1)];
        let it = if right_text.is_empty() { "that slope" } else { &right_text };
        let taken_text = match wrong.taken {
            "-" => format!("-({it})"),
            "2" => format!("2 ({it})"),
            "1/2" => format!("1/2 ({it})"),
            "²" => format!("({it})²"),
            "/" => format!("1 / ({it})"),
            "x" if wrong.rank > 0 => spell(operand),
            other => spell(other),
        };
        let own_text = text(trace, node);
        let subject = match (wrong.part, trace.nodes[node].operands.len()) {
            (Part::Slope, _) => format!("the slope of {own_text}"),
            (_, 1) => format!("the slope of {}", operation.name),
            _ if wrong.part == Part::Elsewhere => format!("the slope of {own_text}"),
            _ => format!("the slope of {own_text} in {}", spell(operand)),
        };
        let mut what = format!("{subject} was taken as {taken_text}");
        if !right_text.is_empty() {
            let long = what.chars().count() + right_text.chars().count() > 65;
            what += if long { ";\n     it is " } else { "; it is " };
            what += &right_text;
        }
        if !wrong.words.is_empty() {
            what = format!("{}:\n     {what}", spell(wrong.words));
        }
        let number = |text: &str, number: f64, name: &str| match text.parse::<f64>() {
            Ok(_) => None,
            Err(_) if text.is_empty() => Some(format!("{name} {:.7}", Compact(number))),
            Err(_) => Some(format!("{text} = {:.7}", Compact(number))),
        };
        let both = [number(&taken_text, taken, "taken"), number(&right_text, right, "right")];
        let both: Vec<String> = both.into_iter().flatten().collect();
        let long = both.iter().map(|text| text.chars().count()).sum::<usize>() > 70;
        let numbers_text = both.join(if long { ",\n     " } else { ", " });

        // Where all of yours goes through here, the remedy is a factor.
        let factor = |n: &Numbers, i: usize| {
            let [taken, right] = numbers(n, i);
            let entry = &n.entries[i];
            entry.explained_by(entry.yours - entry.yours * (right / taken))
        };
        let everywhere = change.nodes.len() == 1
            && self.numbers.iter().all(|n| entries.iter().all(|&i| factor(n, i)));
        let part = format!("the part that goes through {own_text}");
        let slope = match right_text.is_empty() || right_text.contains('\'') {
            true => format!("the slope of {own_text}"),
            false => right_text.clone(),
        };
        // What differs by a constant is of one kind, whatever it is called.
        let ratio = |n: &Numbers| {
            let [taken, right] = numbers(n, entry);
            taken / right
        };
        let same = |n: &&Numbers| (ratio(n) - ratio(here)).abs() <= 1e-9 * ratio(here).abs();
        let kind = match self.numbers.iter().all(same) {
            true => format!("{:.6}", ratio(here) + 0.0), // and -0 is 0
            false => wrong.words.to_string(),
        };
        let hint = match wrong.taken {
            _ if everywhere && kind == "-1.000000" => "put a minus sign in front of it".to_string(),
            "2" if everywhere => "divide it by 2".to_string(),
            "1/2" if everywhere => "multiply it by 2".to_string(),
            "1" if everywhere => format!("multiply by {slope}"),
            _ if everywhere && !wrong.mend.is_empty() => {
                format!("multiply by ({})", spell(wrong.mend))
            }
            "-" => format!("turn the sign of {part}"),
            "0" => format!("add {part}"),
            "1" => format!("multiply {part} by {slope}"),
            _ if everywhere => format!("write {slope} for {taken_text}"),
            _ => format!("in {part}, write {slope} for {taken_text}"),
        };
        Slip {
            place: trace.nodes[node].at.clone(),
            also: vec![],
            what,
            numbers: numbers_text,
            hint,
            points: self.numbers.len(),
            entries: self.names(entries),
            with: None,
            rank: (wrong.rank, change.nodes.len(), node),
            kind,
        }
    }
}

/// A node in the words of whoever wrote it: its name, its stretch of a formula, or its number.
fn text(trace: &Trace, node: usize) -> String {
    match &trace.nodes[node].at {
        _ if !trace.nodes[node].name.is_empty() => trace.nodes[node].name.clone(),
        Place::Text(stretch) if stretch.text().len() > 24 => "what is underlined".to_string(),
        Place::Text(stretch) => stretch.text().to_string(),
        Place::Code(_) if !(1..=2).contains(&trace.nodes[node].operands.len()) => trace.label(node),
        Place::Code(_) => trace.formula(node),
    }
}

/// A rule's formula in the words of whoever wrote it.
fn spell(trace: &Trace, node: usize, template: &str, [v, p]: [Option<usize>; 2]) -> String {
    let mut template = template.to_string();
    if let [_, Operand::Number(c)] = trace.nodes[node].operands[..] {
        // x^(3 - 1) is x^2.
        for (text, exponent) in [("(c - 2)", c - 2.0), ("(c - 1)", c - 1.0), ("(c + 1)", c + 1.0)] {
            let power = if exponent == 1.0 { "^1" } else { "" };
            template = template.replace(&format!("^{text}{power}"), &format!("^{text}"));
            template = match exponent {
                1.0 => template.replace(&format!("^{text}"), ""),
                _ => template.replace(text, &short(exponent)),
            };
        }
    }
    let logit = template.contains("sigmoid(y)") || template.contains("label");
    let longest = if template.contains('\'') { 6 } else { 16 };
    let words = |k: usize| match trace.nodes[k].at {
        Place::Code(_) => trace.label(k),
        Place::Text(_) => text(trace, k),
    };
    let named = |k: usize, letter: &str| match words(k) {
        long if long.len() > longest => letter.to_string(),
        text if text.chars().all(|c| c.is_alphanumeric() || "_#.[]".contains(c)) => text,
        text => format!("<{text}>"),
    };
    let operand = |k: usize, letter: &str| match trace.nodes[node].operands.get(k) {
        Some(Operand::Node(k)) => named(*k, letter),
        Some(Operand::Number(number)) => short(*number),
        None => letter.to_string(),
    };
    let result = || match &trace.nodes[node].name {
        name if !name.is_empty() => name.clone(),
        _ if logit => "z".to_string(),
        _ if trace.nodes.iter().any(|node| node.name == "a") => "y".to_string(),
        _ => "a".to_string(),
    };
    let spelled = spelled(&template, |word| match word {
        "x" => operand(0, "u"),
        "c" => operand(1, "v"),
        "y" => result(),
        "f" => trace.nodes[node].operation.name.to_string(),
        "p" => p.map_or(String::new(), |k| named(k, "p")),
        "v" => v.map_or(String::new(), |k| named(k, "v")),
        longer => longer.to_string(),
    });
    // In parentheses, unless it stands in some anyway.
    spelled.replace("(<", "(").replace(">)", ")").replace('<', "(").replace('>', ")")
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
        if !self.entries.is_empty() {
            write!(f, "\n     for {}", self.entries.join(", "))?;
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
            let also: Vec<String> = self.also.iter().map(place).collect();
            write!(f, "\n     or the same at: {}", also.join(" | "))?;
        }
        write!(f, "\n try: {}", self.hint)?;
        match &self.with {
            Some(other) => write!(f, "\n and at the same time\n{other}"),
            None => Ok(()),
        }
    }
}
