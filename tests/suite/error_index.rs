//! docs/errors.md has every error and every panic, and its code and its files give them.

use std::fs;

use crate::common::{project, sources};
use chainrule::data::Examples;

fn index() -> String {
    fs::read_to_string(project().join("docs/errors.md")).unwrap()
}

/// Where the sources put a headline together from parts,
const COMPOSED_AT: [&str; 8] = [
    "faults.rs: \"\"",
    "faults.rs: \"\"",
    "faults.rs: UNKNOWN.0.replace(\"{}\", &brief(name))",
    "faults.rs: what.replace(\"{}\", &brief(name))",
    "faults.rs: what.replace(\"{}\", &brief(of))",
    "mistakes.rs: what",
    "non_finite.rs: what",
    "non_finite.rs: what",
];

/// and what comes of it.
const COMPOSED: [&str; 10] = [
    "this row has {cells} cells, the header has {width}",
    "column `{name}` holds text",
    "{count} columns hold text: `{name}`, `{name}`",
    "1 value is missing",
    "{total} values are missing",
    "the label `{name}` has {count} values, not two",
    "the label `{name}` has {count} values, more than",
    "the label `{name}` has the same value in all rows",
    "{node} = {formula} is -inf",
    "the gradient of {input} is {gradient}, carried back by {node}",
];

/// The arguments of a call, as they are written; `text` begins behind its parenthesis.
fn arguments(text: &str) -> Vec<String> {
    let (mut arguments, mut depth, mut quoted, mut escaped) = (vec![vec![]], 0, false, false);
    for c in text.chars() {
        match c {
            '"' if !escaped => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' | ']' | '}' if !quoted && depth == 0 => break,
            ')' | ']' | '}' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                arguments.push(vec![]);
                continue;
            }
            _ => {}
        }
        escaped = c == '\\' && !escaped;
        arguments.last_mut().unwrap().push(c);
    }
    let text = |argument: Vec<char>| String::from_iter(argument).trim().to_string();
    arguments.into_iter().map(text).collect()
}

/// A text in the code, or that of a `format!`, with `{…}` for what varies. None if that is all.
fn literal(argument: &str) -> Option<String> {
    let inner = argument.split_once("format!(").map_or(argument, |(_, inner)| inner);
    let text = arguments(inner).swap_remove(0);
    let text = text.strip_prefix('"')?.strip_suffix('"')?;
    text.split('{').any(|part| part.matches(' ').count() > 1).then(|| text.to_string())
}

/// What each error and each panic in the code says first, as it is written there.
fn headlines(code: &str) -> Vec<String> {
    let mut found = vec![];
    for call in ["mistake(", "mistake_at(", "foreign(", "Error::new(", "panic!("] {
        for (at, _) in code.match_indices(call) {
            let before = &code[..at];
            let in_a_name = before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
            if !in_a_name && !before.ends_with("fn ") {
                let place = |argument: &String| {
                    argument == "at" || argument.ends_with(".at") || argument.ends_with("caller()")
                };
                let mut said = arguments(&code[at + call.len()..]).into_iter();
                found.extend(said.find(|argument| !place(argument)));
            }
        }
    }
    // The table of faults has one in each row: `NAME: "what", "why" …;`.
    if let Some((_, table)) = code.split_once("\nfaults! {\n") {
        let rows = table.split("\n}").next().unwrap().split(";\n");
        let rows = rows.filter_map(|row| row.split_once(": "));
        found.extend(rows.map(|(_, row)| arguments(row).swap_remove(0)));
    }
    found
}

/// Fails where no line of the index says this, with something in place of each `{…}`.
#[track_caller]
fn assert_listed(index: &str, headline: &str) {
    let fixed = |part: &str| part.split_once('}').map_or(part, |(_, fixed)| fixed).to_string();
    let parts: Vec<String> = headline.split('{').map(fixed).collect();
    let says = |line: &str| {
        let found = parts.iter().try_fold(line, |rest, part| Some(rest.split_once(part)?.1));
        found.is_some()
    };
    assert!(index.lines().any(says), "docs/errors.md lacks: {headline}");
}

#[test]
fn the_index_has_every_message() {
    let (index, mut composed) = (index(), vec![]);
    for (path, code) in sources(&project().join("src")) {
        let file = path.file_name().unwrap().to_str().unwrap();
        if ["error.rs", "program.rs"].contains(&file) {
            continue; // the form itself; and what is said of arguments, see below
        }
        for headline in headlines(&code) {
            match literal(&headline) {
                Some(text) => assert_listed(&index, &text),
                None => composed.push(format!("{file}: {headline}")),
            }
        }
    }
    composed.sort();
    assert_eq!(composed, COMPOSED_AT, "what comes of a new one belongs to COMPOSED");
    for headline in COMPOSED {
        assert_listed(&index, headline);
    }
}

/// What is said of arguments.
#[test]
fn the_index_has_the_messages_of_the_commands() {
    let index = index();
    let mut files = sources(&project().join("src/commands"));
    for file in ["src/program.rs", "examples/exercises/runner.rs"] {
        files.push((file.into(), fs::read_to_string(project().join(file)).unwrap()));
    }
    let mut count = 0;
    for (_, code) in files {
        for call in ["Usage(format!(", "Err(format!(", "Err(Usage("] {
            let said = code.split(call).skip(1).filter_map(|call| literal(&arguments(call)[0]));
            // An exercise that could not be run is no argument.
            for text in said.filter(|text| !text.starts_with(' ')) {
                let headline = text.split("\\n").next().unwrap_or_default();
                assert_listed(&index, headline);
                count += 1;
            }
        }
    }
    assert!(count > 12, "{count}");
}

/// What the index shows of the commands is what they say.
#[test]
fn the_commands_of_the_index_give_their_messages() {
    let index = index();
    let (_, table) = index.split_once("| message | typed | cure |\n|---|---|---|\n").unwrap();
    let rows: Vec<&str> = table.lines().take_while(|line| line.starts_with('|')).collect();
    assert!(rows.len() > 15);
    for row in rows {
        let cells: Vec<&str> = row.split(" | ").map(|cell| cell.trim_matches(['|', ' '])).collect();
        let [message, typed, _] = cells[..] else { panic!("{row}") };
        let typed = typed.trim_matches('`');
        if typed.starts_with("exercises") || typed.contains("\\x") {
            continue; // exercises.rs and model.rs have them
        }
        let error = crate::commands::answer(&typed.split(' ').collect::<Vec<_>>()).unwrap_err();
        assert!(error.starts_with(&format!("{message}\n")) || error == message, "{row}\n{error}");
    }
}

/// The code of an entry panics with its headline: a test in errors.rs has both, word for word. An
/// error is asserted by the code itself.
#[test]
fn the_code_of_the_index_gives_its_messages() {
    let index = index();
    let tests: Vec<&str> = include_str!("errors.rs").split("#[test]").collect();
    for entry in index.split("\n### ").skip(1) {
        let (headline, entry) = entry.split_once('\n').unwrap();
        let headline = &headline.replace('\\', ""); // an escaped bracket
        let entry = entry.split("\n## ").next().unwrap();
        let Some(code) = entry.split("```").nth(1) else {
            assert!(headline.starts_with("a tape holds at most"), "no code gives: {headline}");
            continue;
        };
        let Some(code) = code.strip_prefix("rust,should_panic\n") else {
            assert!(code.contains(&format!("\"{headline}\"")), "not asserted: {headline}");
            continue;
        };
        let lines = || code.lines().map(str::trim).filter(|line| !line.starts_with("use "));
        let proven = tests.iter().any(|t| t.contains(headline) && lines().all(|l| t.contains(l)));
        assert!(proven, "no test in errors.rs has both {headline:?} and all of\n{code}");
    }
}

#[test]
fn the_files_of_the_index_give_their_messages() {
    let index = index();
    let (_, table) = index.split_once("| message | a file that gives it |").unwrap();
    let rows: Vec<&str> = table.lines().skip(2).take_while(|line| line.starts_with('|')).collect();
    assert!(rows.len() > 20);
    for row in rows {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let parts: Vec<&str> = cells[2].split('`').collect();
        let file = parts.get(1).unwrap_or(&"").replace("\\n", "\n");
        // A byte that is not UTF-8 is written as such.
        let bytes = match file.split_once("\\xef") {
            Some((before, after)) => [before.as_bytes(), b"\xef", after.as_bytes()].concat(),
            None => file.into_bytes(),
        };
        let names: Vec<&str> = parts.iter().skip(3).step_by(2).copied().collect();
        let (label, without) = match parts.get(2) {
            Some(&", L ") => (names.first().copied(), &[][..]),
            _ => (None, &names[..]),
        };
        let error = Examples::from_csv(&bytes[..], "my.csv", label, without).unwrap_err();
        assert_eq!(error.what, cells[1], "{row}");
    }
}
