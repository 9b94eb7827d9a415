//! A wrong rule in the words of whoever wrote the formula.

use super::rules::{Part, Wrong};
use crate::error::brief;
use crate::trace::{Node, Operand, Place, Trace, short, spelled};

/// What stands for each word of a rule's texts, at one node.
pub(super) struct Words {
    words: Vec<(&'static str, String)>,
    /// The letters among that, and what they mean.
    letters: Vec<(String, String)>,
    /// The right slope, as a rule's text.
    right: String,
    exponent: Option<f64>,
}

impl Words {
    /// Of nodes at one place, for the derivative with respect to `var`; `other` is a node that was looked
    /// at instead.
    pub fn new<G>(
        trace: &Trace,
        nodes: &[usize],
        Wrong { part, taken, words, .. }: &Wrong<G>,
        var: usize,
        other: Option<usize>,
    ) -> Words {
        let part = *part;
        // A letter stands for what is long, where a formula is to be read.
        let inline = taken.is_empty() && !words.contains('\'');
        let node = nodes[0];
        let Node { operation, operands, name, at, .. } = &trace.nodes[node];
        let free = |letters: [&str; 3]| {
            let taken = |letter: &&str| trace.nodes.iter().all(|node| node.name != *letter);
            letters.into_iter().find(taken).unwrap_or(letters[0]).to_string()
        };
        let mut letters = vec![];
        let mut named = |text: String, choice: [&str; 3]| {
            if inline || text.chars().all(|c| c.is_alphanumeric() || "_#.[]".contains(c)) {
                return cut(&text);
            }
            let letter = free(choice);
            letters.push((letter.clone(), brief(&text)));
            letter
        };
        let mut operand = |k: usize, choice| match operands.get(k) {
            Some(Operand::Node(k)) => named(text(trace, *k), choice),
            Some(Operand::Number(number)) => {
                let same = |node: &usize| trace.nodes[*node].operands[k] == operands[k];
                match nodes.iter().all(same) {
                    true => short(*number),
                    false => named(format!("{}, ..., one for each", short(*number)), choice),
                }
            }
            None => choice[0].to_string(),
        };
        let (x, c) = (operand(0, ["u", "p", "r"]), operand(1, ["v", "q", "k"]));
        let about = match part {
            Part::Local(k @ 2..) => operand(k, ["t", "n", "m"]),
            Part::Local(1) => c.clone(),
            _ => x.clone(),
        };
        let exponent = match operands[..] {
            [_, Operand::Number(c)] => Some(c),
            _ => None,
        };
        let rule = operation.rule().unwrap_or_default();
        let own = match (rule, operands.len()) {
            (_, 0) => text(trace, node),
            _ if (inline || nodes.len() > 1) && matches!(at, Place::Text(_)) => {
                cut(&text(trace, node))
            }
            ("add", 2) => format!("{x} + {c}"),
            ("sub", 2) => format!("{x} - {c}"),
            ("mul", 2) => format!("{x}*{c}"),
            ("div", 2) => format!("{x}/{c}"),
            ("powf" | "pow", _) => format!("{x}^{c}"),
            (_, 1) => format!("{}({x})", operation.name),
            (_, 2) => format!("{}({x}, {c})", operation.name),
            _ => named(text(trace, node), ["t", "n", "m"]),
        };
        let y = match (part, name.is_empty()) {
            (_, false) => name.clone(),
            (Part::Logit, _) => named(own.clone(), ["z", "y", "s"]),
            _ => named(own.clone(), ["a", "y", "f"]),
        };
        let varying = operands.iter().filter(|x| matches!(x, Operand::Node(_))).count();
        let through = match part {
            Part::Local(_) if varying > 1 => &about,
            _ => &own,
        };
        let right = right(&trace.nodes[node], part, var);
        let v = other.map(|k| named(text(trace, k), ["t", "n", "m"])).unwrap_or_default();
        let words = vec![
            ("part", format!("the part through {through}")),
            ("f", if rule == "powf" { "power" } else { operation.name }.to_string()),
            ("operand", about),
            ("own", own),
            ("p", trace.label(var)),
            ("v", v),
            ("x", x),
            ("c", c),
            ("y", y),
        ];
        letters.reverse();
        let mut words = Words { words, letters, right, exponent };
        let s = words.right();
        words.words.push(("S", if s.is_empty() { "s".to_string() } else { s }));
        words
    }

    pub fn right(&self) -> String {
        self.spell(&self.right)
    }

    pub fn spell(&self, template: &str) -> String {
        let mut template = template.to_string();
        for by in [-2.0, -1.0, 1.0] {
            // x^(3 - 1) is x^2, and x^(2 - 1) is x.
            let Some(exponent) = self.exponent.map(|c| c + by) else { break };
            let text = format!("(c {} {})", if by < 0.0 { "-" } else { "+" }, by.abs());
            let power =
                if exponent == 1.0 { String::new() } else { format!("^{}", short(exponent)) };
            template =
                template.replace(&format!("^{text}"), &power).replace(&text, &short(exponent));
        }
        spelled(&template, |word| {
            let known = self.words.iter().find(|(known, _)| *known == word);
            known.map_or(word, |(_, text)| text).to_string()
        })
    }

    /// What happened, the text of what was taken, and what to do: to `all` of yours, or to a part of it.
    pub fn tell<G>(&self, wrong: &Wrong<G>, all: Option<&str>) -> [String; 3] {
        let (taken, right, part) = (self.spell(wrong.taken), self.right(), self.spell("part"));
        let it = all.unwrap_or(&part);
        let words =
            if right.is_empty() { wrong.words.replace(", S,", "") } else { wrong.words.into() };
        let mut what = self.spell(&words);
        if !["", "1"].contains(&&*taken) || what.is_empty() {
            what += if what.is_empty() { "" } else { ":\n     " };
            what += &self.spell("the slope of own was taken as ");
            what += &taken;
            if !right.is_empty() {
                let long = what.lines().last().unwrap_or_default().len() + right.len() > 66;
                what += if long { ";\n     it is " } else { "; it is " };
                what += &right;
            }
        }
        let right = match &*self.spell("f") {
            _ if right.is_empty() => self.spell("the slope of own"),
            "relu" | "leaky_relu" | "abs" => self.spell("own/x"), // which can be typed
            _ => right,
        };
        let hint = match (wrong.mend, &*taken) {
            ("", "1") => format!("multiply {it} by {right}"),
            ("", _) if it == "it" => format!("write {right} for {taken}"),
            ("", _) => format!("in {it}, write {right} for {taken}"),
            (mend, _) => {
                let mend = self.spell(mend);
                let words = mend.split(' ').map(|word| if word == "it" { it } else { word });
                words.collect::<Vec<_>>().join(" ")
            }
        };
        [what, taken, hint]
    }

    /// What the letters in these sentences and formulas mean: `u = x + 1, a = sqrt(u)`.
    pub fn legend(&self, sentences: &str, formulas: &str) -> String {
        let mut shown = formulas.to_string();
        let mut found = vec![];
        for (letter, meaning) in &self.letters {
            let among =
                |text: &str| text.split(|c: char| !c.is_alphanumeric()).any(|word| word == letter);
            // In a sentence, a is an article.
            if among(&shown) || letter != "a" && among(sentences) {
                found.insert(0, format!("{letter} = {meaning}"));
                shown += &format!(" {meaning}");
            }
        }
        super::lines(found.into_iter(), ",")
    }
}

/// The right slope, as a rule's text; empty where none is known.
fn right(Node { operation, operands, .. }: &Node, part: Part, var: usize) -> String {
    let constant = matches!(operands[..], [_, Operand::Number(_)]);
    let varying = operands.iter().filter(|x| matches!(x, Operand::Node(_))).count();
    let slope = |k: usize| operation.slopes[k.min(1)].to_string();
    let at_var = operands.iter().position(|x| *x == Operand::Node(var));
    let text = match (part, operation.rule().unwrap_or_default(), at_var) {
        (Part::Logit, ..) => "a - label",
        (Part::Local(1), "div", _) => "-x / c²",
        (Part::Local(k), ..) => return slope(k),
        (Part::Elsewhere, ..) => return slope(0),
        (_, _, Some(k)) if varying == 1 => return slope(k),
        (_, "add", _) if operands.len() == 2 => "x' + c'",
        (_, "sub", _) => "x' - c'",
        (_, "mul", _) if constant => "x' c",
        (_, "div", _) if constant => "x' / c",
        (_, "mul", _) => "x' c + x c'",
        (_, "div", _) => "(x' c - x c') / c²",
        _ if varying == 1 && matches!(operands[0], Operand::Node(_)) && !slope(0).is_empty() => {
            return format!("({}) x'", slope(0));
        }
        _ => "",
    };
    text.to_string()
}

/// A node in the words of whoever wrote it: its name, its stretch of a formula, or its number.
pub(super) fn text(trace: &Trace, node: usize) -> String {
    match &trace.nodes[node].at {
        _ if !trace.nodes[node].name.is_empty() => trace.nodes[node].name.clone(),
        Place::Text(stretch) if trace.nodes[node].operation.rule() == Some("sum") => {
            stretch.text().replacen("mean", "sum", 1) // which is divided next
        }
        Place::Text(stretch) => stretch.text().to_string(),
        Place::Code(_) if trace.nodes[node].operands.is_empty() => trace.label(node),
        Place::Code(_) => trace.formula(node),
    }
}

/// The start of a text that is too long for a sentence.
fn cut(text: &str) -> String {
    let start: String = text.chars().take(24).collect();
    if text.chars().count() > 27 { start + "..." } else { text.to_string() }
}
