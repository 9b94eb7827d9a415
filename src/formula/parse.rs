//! From text to postfix code, by Dijkstra's shunting yard: what waits for its operands lies on a
//! stack of its own, so that no text is too deep.

use std::collections::HashMap;
use std::f64::consts::{E, PI};
use std::ops::Range;
use std::sync::Arc;

use super::faults::{self, SUPERSCRIPTS};
use super::{Formula, Instruction, Meaning, Name};
use crate::activation;
use crate::error::{Result, Source, Stretch};

/// What to do next at evaluation.
#[derive(Clone, Copy, Debug)]
pub(super) enum Code {
    Number(f64),
    /// The value of a name, by its number.
    Name(usize),
    /// An operator or a function of so many operands: `+`, `neg`, `sigmoid`, `leaky_relu`, `sum`.
    Call(&'static str, usize),
    /// The line ends, and its value has this name.
    Line(Option<usize>),
}

/// The functions that are not elementwise ones of one operand; those of two with a usual second.
const OTHERS: [(&str, Option<f64>); 5] =
    [("max", Some(0.0)), ("min", Some(0.0)), ("pow", Some(2.0)), ("sum", None), ("mean", None)];

/// How tightly what waits binds its operands: a bracket not at all, a power more than a sign.
const BRACKET: u8 = 0;
const SUM: u8 = 1;
const PRODUCT: u8 = 2;
const SIGN: u8 = 3;
const POWER: u8 = 4;

/// A call that waits for its last operand; with no name, a bracket only.
struct Waiting {
    name: &'static str,
    operands: usize,
    binds: u8,
    start: usize,
    /// Of a bracket, where its commas stand.
    commas: Vec<usize>,
}

#[derive(Default)]
pub(super) struct Parser<'s> {
    /// What was read so far, and what an earlier text had left.
    pub formula: Formula,
    inherited: usize,
    pub source: Arc<Source>,
    pub text: &'s str,
    /// Names by their text.
    pub known: HashMap<String, usize>,
    /// All functions; those of two operands with a usual second one.
    pub functions: Vec<(&'static str, Option<f64>)>,
    /// The token in hand, and where the one before it ends.
    pub token: Range<usize>,
    pub before: usize,
    /// Where this line begins, and the name that it defines.
    pub line: usize,
    pub defines: Option<Range<usize>>,
    /// Where the brackets open that are not closed yet.
    pub opened: Vec<usize>,
    waiting: Vec<Waiting>,
    /// Where each value that waits for its operator begins, and where the last one ends.
    starts: Vec<usize>,
    end: usize,
}

impl<'s> Parser<'s> {
    /// Reads the source into the formula, which may hold an earlier one.
    pub fn new(mut formula: Formula, source: &'s Arc<Source>) -> Self {
        let names = formula.names.iter_mut().enumerate();
        let known = names.map(|(k, name)| {
            name.first = None; // not in this text
            (name.text.clone(), k)
        });
        let known = known.collect();
        let all = activation::all().into_iter().map(|f| (f.name(), f.parameter()));
        let functions = all.chain(OTHERS).collect();
        let (inherited, text, source) = (formula.code.len(), &*source.text, source.clone());
        Parser { formula, inherited, source, text, known, functions, ..Parser::default() }
    }

    pub fn run(mut self) -> Result<Formula> {
        let mut operand = true; // whether a value must follow
        loop {
            let token = self.next();
            operand = if operand { self.operand(token)? } else { self.operator(token)? };
            if token.is_none() {
                break;
            }
        }
        if self.formula.code.len() == self.inherited {
            return Err(self.fault(faults::EMPTY, "", 0..self.text.len(), faults::EXAMPLE));
        }
        self.warn_of_unused(self.inherited);
        Ok(self.formula)
    }

    /// The next token: '0' for a number, 'a' for a word, any other character itself.
    fn next(&mut self) -> Option<char> {
        self.before = self.token.end;
        let start = blank(self.text, self.token.end);
        let rest = &self.text[start..];
        let (token, length) = match (rest.chars().next(), number(rest)) {
            (Some(c), 0) if in_a_name(c) => {
                (Some('a'), rest.find(|c| !in_a_name(c)).unwrap_or(rest.len()))
            }
            (c, 0) => (c, c.map_or(0, char::len_utf8)),
            (_, length) => (Some('0'), length),
        };
        self.token = start..start + length;
        token
    }

    /// Where a value must begin. Returns whether one must still.
    fn operand(&mut self, token: Option<char>) -> Result<bool> {
        let begins = self.starts.is_empty() && self.waiting.is_empty();
        let start = self.token.start;
        match token {
            Some('0') => match self.text[self.token.clone()].parse() {
                Ok(number) if f64::is_finite(number) => {
                    self.push(Code::Number(number), 0, self.token.clone());
                    return Ok(false);
                }
                _ => return Err(self.no_number()),
            },
            Some('a') => return self.word(begins && self.defines.is_none()),
            Some('-') => self.wait("neg", 1, SIGN, start),
            Some('(') => self.open("", 1, start),
            Some('|') if self.in_bars() => return Err(self.nested_bars()),
            Some('|') => self.open("abs", 1, start),
            Some('\n') if !begins => {}
            None | Some(';' | '\n') if begins && self.defines.is_none() => {
                self.line = self.token.end;
            }
            _ => return Err(self.no_operand(token)),
        }
        Ok(true)
    }

    /// Behind a value. Returns whether another one must follow.
    fn operator(&mut self, token: Option<char>) -> Result<bool> {
        let (operator, binds) = match token {
            Some('+') => ("+", SUM),
            Some('-') => ("-", SUM),
            Some('*') => ("*", PRODUCT),
            Some('/') => ("/", PRODUCT),
            Some('^') => ("^", POWER),
            Some(sign @ (')' | '|')) => return self.close(sign),
            Some(',') => return self.comma(),
            Some('=') => return Err(self.stray_equals()),
            None | Some(';' | '\n') => return self.end_of_line(token),
            Some('0' | 'a' | '(') => return Err(self.no_operator()),
            Some(c) => return Err(self.unknown_sign(c)),
        };
        // Of equal operators the left one comes first; of powers the right one.
        self.reduce(if binds == POWER { POWER + 1 } else { binds });
        self.wait(operator, 2, binds, self.starts[self.starts.len() - 1]);
        Ok(true)
    }

    fn word(&mut self, begins: bool) -> Result<bool> {
        let word = self.token.clone();
        let name = &self.text[word.clone()];
        let next = self.text[blank(self.text, word.end)..].chars().next();
        let sigma = matches!(name, "sigma" | "σ"); // the function only before a parenthesis
        let function = match name {
            "log" => "ln",
            _ if sigma => "sigmoid",
            _ => name,
        };
        match (self.functions.iter().find(|(known, _)| *known == function), next) {
            (Some(&(function, second)), Some('(')) => {
                if name == "log" {
                    self.warn_of_log();
                }
                self.next();
                self.open(function, 1 + usize::from(second.is_some()), word.start);
                return Ok(true);
            }
            (None, Some('(')) => return Err(self.no_function()),
            (Some(_), _) if !sigma => return Err(self.no_parentheses(begins && next == Some('='))),
            (_, Some('=')) if begins => {
                self.defines = Some(word);
                self.next();
                return Ok(true);
            }
            _ => {}
        }
        let meaning = match name {
            "pi" | "π" => Meaning::Number(PI),
            "e" => Meaning::Number(E),
            _ => Meaning::Variable,
        };
        let k = match self.known.get(name) {
            Some(&k) => k,
            None if meaning == Meaning::Variable && self.inherited > 0 => {
                return Err(self.unknown_name());
            }
            None => self.add(meaning, word.clone()),
        };
        self.formula.names[k].used = true;
        self.push(Code::Name(k), 0, word);
        Ok(false)
    }

    fn wait(&mut self, name: &'static str, operands: usize, binds: u8, start: usize) {
        self.waiting.push(Waiting { name, operands, binds, start, commas: vec![] });
    }

    fn open(&mut self, name: &'static str, operands: usize, start: usize) {
        self.opened.push(self.token.start);
        self.wait(name, operands, BRACKET, start);
    }

    /// Whether the innermost bracket is a bar.
    pub fn in_bars(&self) -> bool {
        self.opened.last().is_some_and(|&at| self.text[at..].starts_with('|'))
    }

    fn close(&mut self, sign: char) -> Result<bool> {
        self.reduce(SUM);
        if self.opened.is_empty() || self.in_bars() != (sign == '|') {
            return Err(self.stray_bracket(sign));
        }
        self.opened.pop();
        let end = self.token.end;
        if let Some(Waiting { name, operands, start, commas, .. }) = self.waiting.pop() {
            match name {
                _ if commas.len() + 1 != operands => {
                    return Err(self.wrong_count(name, start, &commas));
                }
                "" => self.value(1, start..end),
                _ => self.push(Code::Call(name, operands), operands, start..end),
            }
        }
        Ok(false)
    }

    fn comma(&mut self) -> Result<bool> {
        self.reduce(SUM);
        match self.waiting.last_mut() {
            Some(Waiting { name: "" | "abs", .. }) | None => Err(self.stray_comma()),
            Some(call) => {
                call.commas.push(self.token.start);
                Ok(true)
            }
        }
    }

    /// Carries out what waits and binds as tightly as this, back to the innermost bracket.
    fn reduce(&mut self, binds: u8) {
        while let Some(Waiting { name, operands, start, .. }) =
            self.waiting.pop_if(|call| call.binds >= binds)
        {
            self.push(Code::Call(name, operands), operands, start..self.end);
        }
    }

    /// One more instruction, in place of its operands.
    fn push(&mut self, code: Code, operands: usize, range: Range<usize>) {
        self.formula.code.push(Instruction { code, at: self.stretch(range.clone()) });
        self.value(operands, range);
    }

    fn value(&mut self, operands: usize, range: Range<usize>) {
        self.starts.truncate(self.starts.len() - operands);
        self.starts.push(range.start);
        self.end = range.end;
    }

    fn end_of_line(&mut self, token: Option<char>) -> Result<bool> {
        self.reduce(SUM);
        match self.waiting.last() {
            Some(_) if token == Some('\n') => return Ok(false),
            Some(_) => return Err(self.never_closed()),
            None => {}
        }
        let name = self.defines.take().map(|name| self.define(name)).transpose()?;
        self.push(Code::Line(name), 1, self.starts[0]..self.end);
        self.starts.clear();
        self.line = self.token.end;
        Ok(true)
    }

    fn define(&mut self, name: Range<usize>) -> Result<usize> {
        match self.known.get(&self.text[name.clone()]) {
            Some(&k) => Err(self.defined_too_late(k, name)),
            None => Ok(self.add(Meaning::Defined, name)),
        }
    }

    fn add(&mut self, meaning: Meaning, name: Range<usize>) -> usize {
        let (k, text) = (self.formula.names.len(), self.text[name.clone()].to_string());
        self.known.insert(text.clone(), k);
        let first = Some(self.stretch(name));
        self.formula.names.push(Name { text, meaning, first, used: false });
        k
    }

    fn stretch(&self, bytes: Range<usize>) -> Stretch {
        Stretch { source: self.source.clone(), bytes }
    }
}

/// Where the blanks and the comment end that begin here.
pub(super) fn blank(text: &str, at: usize) -> usize {
    let blank = |c: char| c.is_whitespace() && c != '\n' || c == '\u{feff}';
    let mut rest = text[at..].trim_start_matches(blank);
    if rest.starts_with('#') {
        rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
    }
    text.len() - rest.len()
}

/// The bytes of the number with which the text begins; 0 if it begins with none.
fn number(text: &str) -> usize {
    if digits(text.strip_prefix('.').unwrap_or(text)) == 0 {
        return 0;
    }
    let mantissa = text.bytes().take_while(|c| c.is_ascii_digit() || *c == b'.').count();
    let Some(exponent) = text[mantissa..].strip_prefix(['e', 'E']) else { return mantissa };
    let signed = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    match digits(signed) {
        0 => mantissa, // 2e: a product without its sign
        count => text.len() - signed.len() + count,
    }
}

/// How many digits the text begins with.
pub(super) fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

pub(super) fn in_a_name(c: char) -> bool {
    c.is_alphabetic() && !SUPERSCRIPTS.contains(c)
        || c.is_ascii_digit()
        || matches!(c, '_' | '₀'..='₉')
}
