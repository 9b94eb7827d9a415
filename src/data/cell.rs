//! What a single cell says: that there is no value, or a number, perhaps written in an unusual way.

use super::csv::is_invisible;

/// What stands for a missing value in published files, in small letters, with a space between two.
const MISSING: &str = "na n/a #n/a <na> n.a. n.a nan -nan nat none null (null) nil \\n ? . - -- --- – — * \
     missing unknown undefined #div/0! #value! #ref! #null! -1.#ind 1.#ind 1.#qnan -1.#qnan";

/// Whether a cell says that there is no value.
pub(super) fn is_missing(text: &str) -> bool {
    let ends_in_a_digit = text.ends_with(|c: char| c.is_ascii_digit()); // as most numbers do
    let is_mark = || MISSING.split(' ').any(|mark| text.eq_ignore_ascii_case(mark));
    text.is_empty() || !ends_in_a_digit && text.len() < 10 && is_mark()
}

/// A number as a cell has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Number {
    pub value: f64,
    /// What is unusual about it.
    pub odd: Option<Odd>,
    /// A percent sign, by which it was divided by 100, or the sign of a currency.
    pub unit: Option<char>,
}

/// What is unusual about a number, and the character that makes it so.
pub(super) type Odd = (&'static str, char);

/// The number, with this decimal mark: `,` or `.`. The other one, spaces and apostrophes may stand
/// between its thousands.
pub(super) fn number(text: &str, decimal: char) -> Option<Number> {
    if decimal == '.'
        && let Ok(value) = text.parse::<f64>()
    {
        return value.is_finite().then_some(Number { value, odd: None, unit: None });
    }
    let bare = text.trim_matches(QUOTES);
    let quote = text.chars().find(|_| bare.len() < text.len());
    let mut odd = quote.map(|quote| ("quotes of another kind", quote));
    let mut plain = String::new();
    for c in bare.chars() {
        let (what, instead) = match c {
            '−' | '‐'..='―' | '﹣' => ("a minus sign of another kind", Some('-')),
            '\u{a0}' | '\u{2009}' | '\u{202f}' => ("a space of another kind", Some(' ')),
            '！'..='～' => ("a full-width character", char::from_u32(u32::from(c) - 0xfee0)),
            c if is_invisible(c) => ("an invisible character", None),
            _ => {
                plain.push(c);
                continue;
            }
        };
        plain.extend(instead);
        odd.get_or_insert((what, c));
    }
    let unit = plain.find(UNITS).map(|at| (at, plain.remove(at)));
    if let Some((at, unit)) = unit {
        // It stands before the digits, or behind them.
        if plain[..at].contains(|c: char| c.is_ascii_digit()) && !plain[at..].trim().is_empty() {
            return None;
        }
        odd.get_or_insert((if unit == '%' { "a percent sign" } else { "a currency sign" }, unit));
    }
    let (plain, mark) = without_marks(&plain.replacen("- ", "-", 1), decimal)?;
    let percent = unit.is_some_and(|(_, unit)| unit == '%');
    let value = if percent { format!("{plain}e-2") } else { plain }.parse().ok()?;
    let number = Number { value, odd: odd.or(mark), unit: unit.map(|(_, unit)| unit) };
    value.is_finite().then_some(number)
}

const QUOTES: [char; 10] = ['\'', '‘', '’', '‚', '“', '”', '„', '«', '»', '`'];
const UNITS: [char; 7] = ['%', '$', '€', '£', '¥', '₹', '¢'];

/// A number without marks between its thousands and with a decimal point, and the mark it had.
fn without_marks(text: &str, decimal: char) -> Option<(String, Option<Odd>)> {
    let text = text.trim();
    let (whole, decimals) = match text.split_once(decimal) {
        Some((whole, decimals)) => (whole, Some(decimals)),
        None => (text, None),
    };
    let is_mark = |c: char| ",.'’_ ".contains(c);
    let mark = whole.chars().find(|&c| is_mark(c));
    if let Some(mark) = mark {
        let (first, rest) = whole.split_once(mark)?;
        let first = first.trim_start_matches(['-', '+']);
        let three = |group: &str| group.len() == 3 && group.bytes().all(|b| b.is_ascii_digit());
        if !(1..=3).contains(&first.len()) || first.starts_with('0') || !rest.split(mark).all(three)
        {
            return None;
        }
    }
    let mut plain: String = whole.chars().filter(|&c| !is_mark(c)).collect();
    plain += &decimals.map_or(String::new(), |decimals| format!(".{decimals}"));
    let odd = mark.map(|mark| ("marks between its thousands", mark));
    let comma = || decimals.filter(|_| decimal == ',').map(|_| ("a decimal comma", ','));
    Some((plain, odd.or_else(comma)))
}

/// The decimal mark of a number, if it is one with this mark only.
pub(super) fn decimal_mark(text: &str) -> Option<char> {
    match (number(text, '.'), number(text, ',')) {
        (Some(_), None) => Some('.'),
        (None, Some(_)) => Some(','),
        _ => None,
    }
}

/// Whether it is a number, however it is written, infinite ones included.
pub(super) fn is_number(text: &str) -> bool {
    text.parse().is_ok_and(|x: f64| !x.is_nan())
        || number(text, '.').is_some()
        || number(text, ',').is_some()
}
