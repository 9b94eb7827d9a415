//! What a single cell says: that there is no value, or a number written in another way.

use super::csv::is_invisible;

/// What stands for a missing value in published files, in small letters.
const MISSING: [&str; 34] = [
    "",
    "na",
    "n/a",
    "#n/a",
    "<na>",
    "n.a.",
    "n.a",
    "nan",
    "-nan",
    "nat",
    "none",
    "null",
    "(null)",
    "nil",
    "\\n",
    "?",
    ".",
    "-",
    "--",
    "---",
    "–",
    "—",
    "*",
    "missing",
    "unknown",
    "undefined",
    "#div/0!",
    "#value!",
    "#ref!",
    "#null!",
    "-1.#ind",
    "1.#ind",
    "1.#qnan",
    "-1.#qnan",
];

/// Whether a cell says that there is no value.
pub(super) fn is_missing(text: &str) -> bool {
    text.len() < 10 && MISSING.iter().any(|mark| text.eq_ignore_ascii_case(mark))
}

/// Whether it is a number, also one that is written in another way.
pub(super) fn is_number(text: &str) -> bool {
    text.parse().is_ok_and(|x: f64| !x.is_nan()) || mended(text).is_some()
}

/// What is unusual about a number, and how it should be written.
pub(super) fn mended(text: &str) -> Option<(String, String)> {
    const QUOTES: [char; 10] = ['\'', '‘', '’', '‚', '“', '”', '„', '«', '»', '`'];
    let bare = text.trim_matches(QUOTES);
    let (bare, percent) =
        bare.strip_suffix(['%', '％']).map_or((bare, false), |bare| (bare.trim_end(), true));
    let mut found = match (bare.len() < text.len(), percent) {
        (true, true) => Some("a percent sign".to_string()),
        (true, false) => Some("quotes of another kind".to_string()),
        _ => None,
    };
    let mut plain = String::new();
    for c in bare.chars() {
        let full_width = char::from_u32(u32::from(c).wrapping_sub(0xfee0));
        let (what, instead) = match c {
            '−' | '‐'..='―' | '﹣' => ("a minus sign of another kind", Some('-')),
            '\u{a0}' => ("a non-breaking space", Some(' ')),
            '！'..='～' => ("a full-width character", full_width),
            '$' | '€' | '£' | '¥' | '₹' | '¢' => ("a currency sign", None),
            c if is_invisible(c) => ("an invisible character", None),
            c => {
                plain.push(c);
                continue;
            }
        };
        plain.extend(instead);
        found.get_or_insert_with(|| format!("{what} (U+{:04X})", u32::from(c)));
    }
    let plain = plain.trim();
    let as_it_is = || plain.parse::<f64>().is_ok_and(f64::is_finite).then(|| plain.to_string());
    let (what, number) = match (&found, grouped(plain)) {
        (Some(_), None) => ("", as_it_is()?),
        (_, grouped) => grouped?,
    };
    let share = || format!("{number}e-2").parse().map_or(number.clone(), |x: f64| x.to_string());
    let number = if percent { share() } else { number.clone() };
    Some((found.unwrap_or(what.to_string()), number))
}

/// What a number with a decimal comma or with marks between its thousands has, and how it should be
/// written.
fn grouped(text: &str) -> Option<(&'static str, String)> {
    let mark = |c: char| matches!(c, ',' | '.' | '\'' | '’' | '_') || c.is_whitespace();
    let groups: Vec<&str> = text.split(mark).collect();
    let (first, rest) = groups.split_first()?;
    let (decimals, thousands) = rest.split_last()?;
    // Marks between thousands leave groups of three; only the decimals may be longer or shorter.
    if first.is_empty() && !thousands.is_empty() || thousands.iter().any(|group| group.len() != 3) {
        return None;
    }
    let number = |text: String| text.parse().is_ok_and(f64::is_finite).then_some(text);
    let zero = first.trim_start_matches(['-', '+']).starts_with('0');
    let whole = if decimals.len() == 3 && !zero { number(groups.concat()) } else { None };
    // The last mark, if it stands there once, may be the decimal one.
    let last = text.rfind([',', '.']).filter(|&at| text.matches(&text[at..=at]).count() == 1);
    let decimal = last.and_then(|at| number(text[..at].replace(mark, "") + "." + &text[at + 1..]));
    let comma = last.is_some_and(|at| text[at..].starts_with(','));
    match (decimal, whole) {
        (Some(decimal), Some(whole)) if comma && thousands.is_empty() => {
            Some(("a comma, decimal or between thousands", format!("{decimal} or {whole}")))
        }
        (Some(decimal), _) if comma => Some(("a decimal comma", decimal)),
        (Some(decimal), _) => Some(("marks between its thousands", decimal)),
        (None, Some(whole)) => Some(("marks between its thousands", whole)),
        (None, None) => None,
    }
}
