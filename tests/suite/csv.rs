//! Data as it really comes: every spelling of a good file gives the same numbers, and every fault
//! says where it is.

use std::panic::catch_unwind;
use std::time::{Duration, Instant};

use crate::common::{all_tests, config, samples};
use chainrule::data::{Column, Csv, Examples};
use chainrule::{Error, Result};
use proptest::prelude::*;

fn read(text: impl AsRef<[u8]>) -> Result<Examples> {
    Examples::from_csv(text.as_ref(), "my.csv", None, &[])
}

#[track_caller]
fn good(text: impl AsRef<[u8]>) -> Examples {
    read(text).unwrap_or_else(|error| panic!("{error}"))
}

/// The line, the column, and what is wrong there.
#[track_caller]
fn fault(text: impl AsRef<[u8]>) -> (usize, usize, String) {
    let error = read(text).expect_err("this should have been refused");
    let place = error.place.as_ref().unwrap_or_else(|| panic!("no place: {error}"));
    (place.line, place.column, error.what.clone())
}

#[test]
fn one_table_in_many_spellings() {
    let plain = good("a,b b,y\n1.5,-2,0\n300,0.25,1\n");
    assert_eq!(plain.features, ["a", "b b"]);
    assert_eq!(plain.x.t().to_vec(), [1.5, -2.0, 300.0, 0.25]);
    assert_eq!((plain.y.to_vec(), plain.label.as_str()), (vec![0.0, 1.0], "y"));
    assert_eq!(plain.classes, ["0", "1"]);
    for same in [
        "a,b b,y\n1.5,-2,0\n300,0.25,1",         // no end of line at the end
        "a,b b,y\r\n1.5,-2,0\r\n300,0.25,1\r\n", // as Windows ends lines
        "a,b b,y\r1.5,-2,0\r300,0.25,1\r",       // as the Macintosh did
        "\u{feff}a,b b,y\n1.5,-2,0\n300,0.25,1\n", // a byte order mark
        "\u{feff}\"a\",b b,y\n1.5,-2,0\n300,0.25,1\n", // and a quote behind it
        "\n\n  \na,b b,y\n\n1.5,-2,0\n   \n,,\n300,0.25,1\n\n", // blank rows
        " a , b b ,y \n 1.5 , -2,\t0\n300,0.25 , 1 \n", // spaces around cells
        "a;b b;y\n1.5;-2;0\n300;0.25;1\n",
        "a\tb b\ty\n1.5\t-2\t0\n300 \t0.25\t1\n",
        "\"a\",\"b b\",\"y\"\n\"1.5\",\"-2\",\"0\"\n\"300\" , \" 0.25 \",\"1\"\n",
        "a,\"b\nb\",y\n1.5,-2,0\n300,0.25,1\n", // a name over two lines
        "a,\"b\r\nb\",y\r\n1.5,-2,0\r\n\"300\r\n\",0.25,1\r\n",
        "a,b b,y\n+1.5,-2.,00\n3e2,.25,1.0\n",
        "a,b b,y\n15E-1,-2e0,0e5\n+0300.00,2.5e-1,1\n",
    ] {
        assert_eq!(good(same), plain, "{same:?}");
    }
}

#[test]
fn quotes_hold_separators_quotes_and_line_ends() {
    let text = "\"a,\"\"x\"\"\";\"b;\";y\n1;2;\"no; \"\"never\"\"\"\n3;4;\"yes\nsir\"\n";
    let examples = good(text);
    assert_eq!(examples.features, ["a,\"x\"", "b;"]);
    assert_eq!(examples.classes, ["no; \"never\"", "yes sir"]);
    // A quote within an unquoted cell is a quote.
    let text = "size 5\" or \"6,y\n1,0\n2,1\n";
    assert_eq!(good(text).features, ["size 5\" or \"6"]);
}

#[test]
fn separators_are_those_of_the_header_outside_of_quotes() {
    assert_eq!(good("\"a,b,c\";d\n1;0\n1;1\n").features, ["a,b,c"]);
    assert_eq!(good("weight, kg;d\n1;0\n1;1\n").features, ["weight, kg"]);
    assert_eq!(good("a;b,d,y\n1,2,0\n1,2,1\n").features, ["a;b", "d"]);
}

#[test]
fn the_label_stands_anywhere() {
    let text = "id,passed,hours\nx7,1,2.5\nx9,0,0.5\n";
    let examples = Examples::from_csv(text.as_bytes(), "my.csv", Some("passed"), &["id"]).unwrap();
    assert_eq!((examples.label.as_str(), examples.features.len()), ("passed", 1));
    assert_eq!((examples.x.to_vec(), examples.y.to_vec()), (vec![2.5, 0.5], vec![1.0, 0.0]));
    // Without a name it is the last of the columns that are kept.
    let examples = Examples::from_csv(text.as_bytes(), "my.csv", None, &["id", "hours"]);
    assert_eq!(examples.unwrap_err().what, "no features are left");
    let all = ["id", "passed", "hours"];
    let examples = Examples::from_csv(text.as_bytes(), "my.csv", None, &all);
    assert_eq!(examples.unwrap_err().what, "no features are left");
    let examples =
        Examples::from_csv("x,y,note\n1,0,good\n2,1,\n".as_bytes(), "my.csv", None, &["note"]);
    assert_eq!(examples.unwrap().label, "y");
}

#[test]
fn two_labels_become_0_and_1_in_their_own_order() {
    for (first, second, zero, one) in [
        ("male", "female", "female", "male"),
        ("yes", "no", "no", "yes"),
        ("True", "False", "False", "True"),
        ("2", "1", "1", "2"),
        ("1", "-1", "-1", "1"),
        ("10", "9", "9", "10"), // by size, not by the alphabet
        ("0", "1", "0", "1"),
        ("-", "+", "+", "-"),
        ("1", "yes", "1", "yes"),
        ("no", "No", "No", "no"),
    ] {
        for rows in [[first, second], [second, first]] {
            let examples = good(format!("x,y\n1,{}\n2,{}\n3,{}\n", rows[0], rows[1], rows[0]));
            assert_eq!(examples.classes, [zero, one]);
            let label = |class| f64::from(class == one);
            assert_eq!(examples.y.to_vec(), [label(rows[0]), label(rows[1]), label(rows[0])]);
        }
    }
    // The same number twice is one class.
    assert_eq!(good("x,y\n1,1.0\n2,2\n3,1\n4,2.00\n").y.to_vec(), [0.0, 1.0, 0.0, 1.0]);
    // One class alone is none to tell apart, whatever it is called.
    for class in ["0", "1", "2", "cat"] {
        let text = format!("x,y\n1,{class}\n2,{class}\n");
        assert_eq!(fault(text).2, "the label `y` has the same value in all rows");
    }
    // Parts of the examples remember the classes.
    let (train, test) = good("x,y\n1,m\n2,f\n3,m\n").split(0.5, 1).unwrap();
    assert_eq!(
        (train.classes, test.classes),
        (["f", "m"].map(String::from).to_vec(), ["f", "m"].map(String::from).to_vec())
    );
}

#[test]
fn missing_values_are_counted_over_the_whole_file() {
    for mark in [
        "",
        "NA",
        "n/a",
        "#N/A",
        "<NA>",
        "NaN",
        "nan",
        "-nan",
        "NaT",
        "None",
        "NULL",
        "null",
        "(null)",
        "nil",
        "\\N",
        "?",
        ".",
        "-",
        "--",
        "–",
        "—",
        "*",
        "n.a.",
        "na",
        "missing",
        "Unknown",
        "undefined",
        "#DIV/0!",
        "#VALUE!",
        "-1.#IND",
        "\"\"",
        " ",
    ] {
        let text = format!("a,b,y\n1,2,0\n1,{mark},1\n{mark},{mark},0\n");
        let error = read(&text).unwrap_err();
        let place = error.place.as_ref().unwrap();
        assert_eq!((error.what.as_str(), place.line), ("3 values are missing", 3), "{mark:?}");
        assert!(place.column >= 3 && place.column <= 4 + mark.len(), "{mark:?}: {error}");
        assert!(error.facts[0] == "missing: 1 in `a`, 2 in `b`", "{error}");
    }
    // A fault that is no gap is told at once.
    assert_eq!(fault("a,y\n,0\n1e999,0\n"), (3, 1, "`1e999` is too large".to_string()));
}

/// `/dev/zero` is such a file.
#[test]
fn a_line_without_end_is_given_up() {
    let endless = std::io::BufReader::with_capacity(1 << 16, std::io::repeat(0));
    let error = Examples::from_csv(endless, "my.csv", None, &[]).unwrap_err();
    assert_eq!(error.what, "cannot read my.csv: a line has more than 32 MiB");
}

/// A stray quote near the top does not take the rest of a large file into memory.
#[test]
fn a_cell_without_end_is_given_up() {
    let line = [b"1.5,0 ".repeat(1 << 13), vec![b'\n']].concat();
    let rest = line.repeat(1 << 10); // 48 MiB, of which 16 are read
    let text = [b"x,y\n1,\"0\n", rest.as_slice()].concat();
    let error = Examples::from_csv(&text[..], "my.csv", None, &[]).unwrap_err();
    assert_eq!(error.to_string().lines().next(), Some("this quote is not closed"));
    let place = error.place.unwrap();
    assert_eq!((place.line, place.column), (2, 3));
    assert_eq!(error.facts, ["it is open still on line 344"]);
}

#[test]
fn columns_are_counted_in_characters() {
    assert_eq!(
        fault("名前,b,y\n1, 2 ,0\n1,\tдва,0\n"),
        (3, 4, "`два` is not a number".to_string())
    );
    // A place within a quoted cell that goes over several lines.
    let text = "\"a\nb\",c,y\n1,2,0\n\"1\n\n\", ten,1\n";
    assert_eq!(fault(text), (6, 4, "`ten` is not a number".to_string()));
    assert_eq!(fault(b"a,b\n1,\xc3\xa9\xff\n").0, 2);
    assert_eq!(fault(b"a,b\n1,\xc3\xa9\xff\n").1, 4);
    assert_eq!(fault(b"a,b\n\"x\n\xe9\",1").0, 3);
}

#[test]
fn a_caret_stands_under_its_place() {
    for (text, under) in [
        ("a\tb\ty\n1\tzwei\t0\n", "zwei"),
        ("a,b,y\n1,\tzwei,0\n", "zwei"),
        ("a,b,y\n  1 ,zwei,0\n", "zwei"),
        (&format!("a,b,y\n{}1,zwei,0{}\n", " ".repeat(500), " ".repeat(500)), "zwei"),
    ] {
        let message = read(text).unwrap_err().to_string();
        let lines: Vec<&str> = message.lines().collect();
        let caret = lines[3].find('^').unwrap();
        assert!(lines[2][caret..].starts_with(under), "{message}");
        assert!(lines[2].len() <= 80, "{message}");
    }
}

/// What each is with a decimal point and with a decimal comma, if it is a number then.
#[test]
fn numbers_in_unusual_spellings() {
    let no = None;
    for (cell, point, comma) in [
        ("1.5", Some(1.5), no),
        ("1,5", no, Some(1.5)),
        ("-0,25", no, Some(-0.25)),
        ("0.123", Some(0.123), no),
        ("0,123", no, Some(0.123)),
        ("1.234,5", no, Some(1234.5)),
        ("1,234.5", Some(1234.5), no),
        ("1,234,567", Some(1234567.0), no),
        ("1.234.567", no, Some(1234567.0)),
        ("1 234", Some(1234.0), Some(1234.0)),
        ("-1'234.5", Some(-1234.5), no),
        ("1_234_567", Some(1234567.0), Some(1234567.0)),
        ("1,234", Some(1234.0), Some(1.234)),
        ("1.234", Some(1.234), Some(1234.0)),
        ("1.234,567", no, Some(1234.567)),
        ("1,5e-3", no, Some(0.0015)),
        ("12%", Some(0.12), Some(0.12)),
        ("7.5 %", Some(0.075), no),
        ("7,5％", no, Some(0.075)),
        ("$1,234.50", Some(1234.5), no),
        ("-$5", Some(-5.0), Some(-5.0)),
        ("1.234,50 €", no, Some(1234.5)),
        ("£ 5", Some(5.0), Some(5.0)),
        ("−0.5", Some(-0.5), no),
        ("– 5", Some(-5.0), Some(-5.0)),
        ("1\u{a0}234", Some(1234.0), Some(1234.0)),
        ("1\u{202f}234,5", no, Some(1234.5)),
        ("－１．５", Some(-1.5), no),
        ("1\u{200b}5", Some(15.0), Some(15.0)),
        ("“1.5”", Some(1.5), no),
        ("1.23.456", no, no),
        ("1,2.5", no, no),
        ("12.03.2024", no, no),
        ("2024-03-12", no, no),
        ("12:30", no, no),
        ("1 2", no, no),
        ("1 234,56 7", no, no),
        ("1,234 567", no, no),
        ("5$3", no, no),
        ("$5$", no, no),
        ("5%3", no, no),
        ("0x10", no, no),
        ("1,2,3", no, no),
        (",", no, no),
        ("%", no, no),
        ("1,23,456", no, no),
    ] {
        for (decimal, expected) in [('.', point), (',', comma)] {
            let csv = Csv { decimal: Some(decimal), ..Csv::default() };
            let text = format!("a;y\n{cell};1\n{cell};0\n");
            let read = csv.examples(text.as_bytes(), "my.csv").ok();
            let read = read.filter(|all| all.columns[0].words.is_empty());
            assert_eq!(read.map(|all| all.x.get(0, 1)), expected, "{cell} with {decimal}");
        }
    }
}

#[test]
fn the_decimal_mark_is_that_of_the_first_rows() {
    let values = |text: &str| good(text).x.to_vec();
    assert_eq!(values("a;y\n1,5;0\n1.234;1\n2;0\n"), [1.5, 1234.0, 2.0]);
    assert_eq!(values("a;y\n1,234;0\n1.5;1\n"), [1234.0, 1.5]);
    assert_eq!(values("a,y\n1.234,0\n2.345,1\n"), [1.234, 2.345]);
    let notes = good("a;b;y\n1,5;−3%;0\n2;5%;1\n").notes;
    assert_eq!(
        notes,
        [
            "read as numbers, with a decimal comma: a",
            "read as numbers, with a minus sign of another kind (U+2212): b",
            "read as numbers, with a percent sign: b",
        ]
    );
    for (text, what) in [
        ("a;y\n1,5;0\n1.5;1\n", "`1,5` has a decimal comma"),
        ("a;y\n1;0\n1,234;1\n", "`1,234` has a comma, decimal or between thousands"),
        ("a;y\n5;0\n5 %;1\n", "`5 %` has another unit than the numbers above it"),
    ] {
        assert_eq!(fault(text).2, what);
    }
}

#[test]
fn lines_are_left_out_by_their_numbers() {
    let text = "Report\n\na,b,y\ncm,kg,\n1,2,0\n3,4,1\nTotal,,1\n";
    let csv = Csv { without_lines: vec![1..=2, 4..=4, 7..=7], ..Csv::default() };
    let examples = csv.examples(text.as_bytes(), "my.csv").unwrap();
    assert_eq!(examples.x.t().to_vec(), [1.0, 2.0, 3.0, 4.0]);
    let all = Csv { without_lines: vec![1..=9], ..Csv::default() };
    assert_eq!(all.examples(text.as_bytes(), "my.csv").unwrap_err().what, "the file is empty");
}

/// Where `+` is a word, `-` is another one.
#[test]
fn signs_are_words() {
    let examples = good("f,g,y\n-,1,-\n+,2,+\n-,3,-\n");
    assert_eq!(examples.columns[0].words, ["+", "-"].map(Into::into));
    assert_eq!(fault("f,g,y\n-,1,-\n1,2,+\n-,3,-\n").2, "2 values are missing");
}

/// What Rust writes of a number comes back bit for bit.
fn assert_round_trip(numbers: &[f64]) {
    let mut text = "x,y\n".to_string();
    for (k, x) in numbers.iter().enumerate() {
        text += &if k % 2 == 0 { format!("{x},0\n") } else { format!("{x:e},1\n") };
    }
    let back = good(text).x.to_vec();
    assert!(numbers.iter().zip(back).all(|(x, y)| x.to_bits() == y.to_bits()));
}

proptest! {
    #![proptest_config(config(64, 256))]

    #[test]
    fn numbers_make_the_round_trip(
        numbers in proptest::collection::vec(
            any::<u64>().prop_map(f64::from_bits).prop_filter("finite", |x| x.is_finite()),
            2..50,
        )
    ) {
        assert_round_trip(&numbers);
    }

    /// Any texts, quoted as the rules say, come back as they were, whatever they hold.
    #[test]
    fn quoted_names_make_the_round_trip(names in proptest::collection::vec("[a-z][ -~é;,\t\"\n]{0,8}[a-z]", 2..6)) {
        let quoted: Vec<String> =
            names.iter().map(|name| format!("\"{}\"", name.replace('"', "\"\""))).collect();
        let row = |label| vec![label; names.len()].join(",");
        match read(format!("{}\n{}\n{}\n", quoted.join(","), row("1"), row("0"))) {
            Ok(examples) => {
                let mut back = examples.features;
                back.push(examples.label);
                let plain = names.iter().map(|name| name.replace(['\n', '\t'], " "));
                prop_assert!(back.into_iter().eq(plain));
            }
            Err(error) => prop_assert!(error.what.starts_with("two columns are named"), "{error}"),
        }
    }
}

#[test]
fn the_ends_of_the_number_line_make_the_round_trip() {
    assert_round_trip(&[0.0, -0.0, 5e-324, -f64::MIN_POSITIVE, f64::MAX, f64::MIN, f64::EPSILON]);
}

/// A source that hands out one byte at a time: no rule may depend on where a buffer ends.
struct Trickle<'a>(&'a [u8]);

impl std::io::Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.0.len().min(buffer.len()).min(1);
        buffer[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 33) as usize) % end.max(1)
    }
}

/// Cuts, copies and spoils a good file in a few places.
fn mutated(random: &mut Random) -> Vec<u8> {
    const FILES: [&str; 8] = [
        "a,b,y\n1.5,2,0\n-3,4e2,1\n5,6,0\n",
        "\u{feff}a;größe;\"alt, er\";y\r\n\"x; \"\"y\"\"\";1.5;3;ja\r\nb;2.5;4;nein\r\n",
        "a\tb\ty\n1\t2\tm\n\n3\t4\tf\n\"5\n\"\t6\tm\n",
        "日本,a,y\n3,1,2\n-2,3,4\n.7,2,4\n",
        "sep=|\na|sex|y\n1|m|0\n2|f|1\nNA|m|1\n4||0\n",
        "# from R\n\"a\" \"b\" \"y\"\n\"1\" 2 3 0\n\"2\"   5 6 1\n\"3\" 4 1 0\n",
        "a,b,y\n0.5,red,1\n7,blue,0\n2,green,1\n9,red,0\na,b,y\n3,blue,1\n",
        "30,2,no,yes\n1,2,0\n3,5,1\n4,4,1\n2,2,0\n",
    ];
    const PIECES: [&str; 30] = [
        "\"", "\"\"", ",", ";", "\t", "\n", "\r", "\r\n", " ", "1,5", "-", "NA", "1e999", "é",
        "\u{feff}", "\u{0}", "𝄞", "x", ".", "\u{301}", "|", "#", "sep=;\n", "'", "12%", "−1",
        "\u{a0}", "\u{200b}", "unknown", "(cm)",
    ];
    let mut text = FILES[random.below(FILES.len())].as_bytes().to_vec();
    for _ in 0..=random.below(3) {
        let at = random.below(text.len() + 1);
        let end = (at + random.below(6)).min(text.len());
        match random.below(5) {
            0 => text[at..end].fill(random.below(140) as u8),
            1 => drop(text.drain(at..end)),
            2 => text.truncate(end),
            3 => text.extend_from_within(at..end),
            _ => drop(text.splice(at..end, PIECES[random.below(PIECES.len())].bytes())),
        }
    }
    text
}

/// Some of the options.
fn options(random: &mut Random) -> Csv {
    let mut some = |name: &str| match random.below(12) {
        0 => vec![name.to_string()],
        _ => vec![],
    };
    Csv {
        without: some("a"),
        encode: some("b"),
        not_missing: some("NA"),
        label: some("y").pop(),
        header: [None, None, None, None, None, None, Some(false), Some(true)][random.below(8)],
        drop_incomplete: random.below(2) == 0,
        decimal: [None, None, None, Some(','), Some('.')][random.below(5)],
        without_lines: [vec![], vec![], vec![], vec![2..=2]][random.below(4)].clone(),
    }
}

/// The lines of a text, as an editor counts them.
fn lines(text: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(text);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    text.replace("\r\n", "\n").replace('\r', "\n").split('\n').map(String::from).collect()
}

#[test]
fn mutated_files() {
    let (rounds, mut random) = (samples(5_000, 1_000_000), Random(1));
    let (mut read_well, mut refused) = (0, std::collections::BTreeSet::new());
    for round in 0..rounds {
        let text = mutated(&mut random);
        let csv = options(&mut random);
        let begin = Instant::now();
        let result = catch_unwind(|| csv.examples(&text[..], "my.csv"))
            .unwrap_or_else(|_| panic!("panics on {:?}, {csv:?}", String::from_utf8_lossy(&text)));
        if begin.elapsed() > Duration::from_secs(1) {
            let again = Instant::now(); // the machine may have been busy
            let _ = csv.examples(&text[..], "my.csv");
            assert!(
                again.elapsed() < Duration::from_secs(1),
                "{:?}",
                String::from_utf8_lossy(&text)
            );
        }
        if round % 10 == 0 {
            let source = std::io::BufReader::with_capacity(1, Trickle(&text));
            assert_eq!(csv.examples(source, "my.csv"), result);
        }
        match result {
            Ok(examples) => {
                let (n, m) = examples.x.shape();
                assert_eq!((n, (1, m)), (examples.features.len(), examples.y.shape()));
                let features = |column: &Column| column.words.len().saturating_sub(1).max(1);
                assert_eq!(n, examples.columns.iter().map(features).sum::<usize>());
                assert!(examples.x.to_vec().iter().all(|x| x.is_finite()));
                let numbers: Vec<f64> = (0..examples.classes.len()).map(|k| k as f64).collect();
                assert!(examples.y.to_vec().iter().all(|y| numbers.contains(y)));
                read_well += 1;
            }
            Err(error) => {
                assert_place(&text, &error);
                refused.insert(error.why);
            }
        }
    }
    // The mutations must reach both sides, and most faults.
    assert!(read_well > rounds / 20, "{read_well}");
    assert!(refused.len() >= 18, "{refused:?}");
}

/// A piece, over and over: a large input that takes no memory itself.
struct Endless {
    piece: Vec<u8>,
    at: usize,
    left: usize,
}

impl std::io::Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let rest = &self.piece[self.at..];
        let count = rest.len().min(buffer.len()).min(self.left);
        buffer[..count].copy_from_slice(&rest[..count]);
        self.at = (self.at + count) % self.piece.len();
        self.left -= count;
        Ok(count)
    }
}

/// What a file may consist of: its beginning, and a piece over and over.
const LARGE: [(&str, &str); 12] = [
    ("", ","),
    ("", "\n"),
    ("", "\r\n"),
    ("", "x"),
    ("", "#\n"),
    ("", " \n"),
    ("a,y\n\"", "x\n"),
    ("a,b,y\n", "1,,\n"),
    ("a,b,y\n", ",,\n"),
    ("a,b,y\n", "1,2,0\n3,4,1\n"),
    ("a,b,y\n", "red,2,0\nblue,4,1\ngreen,?,1\n"),
    ("a,b,y\n", "a,b,y\n"),
];

/// Two rows of many columns; `#` stands for the last two digits of a column's number.
const WIDE: [[&str; 2]; 4] = [["1", "2"], ["a", "b"], ["a#", "b"], ["a#", "2"]];

/// A header, and two rows of such cells.
fn wide(size: usize, rows: [&str; 2]) -> Vec<u8> {
    let columns = 0..(size / 12).min(999_999); // of about 12 bytes
    let header: String = columns.clone().map(|k| format!("c{k},")).collect();
    let [first, second] = rows.map(|cell| -> String {
        let cell = |k: usize| cell.replace('#', &(k % 100).to_string()) + ",";
        columns.clone().map(cell).collect()
    });
    format!("{header}y\n{first}0\n{second}1\n").into_bytes()
}

/// In a process of its own, of which Linux knows the most memory that it ever had.
#[cfg(target_os = "linux")]
#[test]
fn large_inputs_take_little_memory() {
    let size = if all_tests() { 100_000_000 } else { 200_000 };
    if let Ok(number) = std::env::var("CHAINRULE_LARGE_INPUT") {
        let number: usize = number.parse().unwrap();
        let source: Box<dyn std::io::Read> = match LARGE.get(number) {
            Some((start, piece)) => {
                let piece = piece.repeat((1 << 16) / piece.len()).into_bytes();
                let endless = Endless { piece, at: 0, left: size };
                Box::new(std::io::Read::chain(start.as_bytes(), endless))
            }
            // A file, so that the text itself takes no memory.
            None => {
                Box::new(std::fs::File::open(std::env::var("CHAINRULE_WIDE").unwrap()).unwrap())
            }
        };
        let source = std::io::BufReader::with_capacity(1 << 16, source);
        let drop_incomplete = (10..LARGE.len()).contains(&number);
        let result = Csv { drop_incomplete, ..Csv::default() }.examples(source, "my.csv");
        println!("{}", result.err().map_or("read".to_string(), |error| error.what));
        println!("{}", std::fs::read_to_string("/proc/self/status").unwrap());
        println!("stat: {}", std::fs::read_to_string("/proc/self/stat").unwrap());
        return;
    }
    let file = std::env::temp_dir().join(format!("chainrule-wide-{}.csv", std::process::id()));
    for k in 0..LARGE.len() + WIDE.len() {
        let mut size = size;
        let input = LARGE.get(k).map_or(format!("wide, {k}"), |input| format!("{input:?}"));
        if k >= LARGE.len() {
            let text = wide(size, WIDE[k - LARGE.len()]);
            size = text.len();
            std::fs::write(&file, text).unwrap();
        }
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["csv::large_inputs_take_little_memory", "--exact", "--nocapture"])
            .env("CHAINRULE_LARGE_INPUT", k.to_string())
            .env("CHAINRULE_WIDE", &file)
            .output()
            .unwrap();
        let said = String::from_utf8(child.stdout).unwrap();
        assert!(child.status.success(), "{input}: {said}");
        let line = said.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let used = 1024 * line.trim().trim_end_matches(" kB").parse::<usize>().unwrap();
        assert!(used <= (64 << 20) + 20 * size, "{input} takes {used} bytes for {size}");
        // The time on a processor, in hundredths of a second: other tests run beside this one.
        let (_, ticks) = said.rsplit_once("stat: ").unwrap().1.rsplit_once(')').unwrap();
        let ticks = ticks.split_whitespace().skip(11).take(2).map(|t| t.parse::<u32>().unwrap());
        assert!(ticks.sum::<u32>() <= 3000, "{input}");
    }
    std::fs::remove_file(file).unwrap();
}

#[test]
fn a_row_of_more_than_a_million_cells_is_refused() {
    let text = "a,".repeat(1_000_000);
    assert_eq!(fault(text).2, "this row has more than a million cells");
}

/// A table as it is written, with what separates its cells.
struct Table {
    text: String,
    separator: char,
}

impl Table {
    /// Numbers, a column of two words, one of four words that is encoded, gaps and labels.
    fn random(random: &mut Random) -> Table {
        let separator = [',', ';', '\t', '|'][random.below(4)];
        let end = ["\n", "\r\n", "\r"][random.below(3)];
        let mut text = ["first", "sex", "town", "second", "y"].join(&separator.to_string()) + end;
        for row in 0..60 + random.below(20) {
            let number = |random: &mut Random| match random.below(12) {
                0 => ["", "NA", "?", "null"][random.below(4)].to_string(),
                1 => format!("{:e}", random.below(1 << 30) as f64 / 7.0),
                2 => format!(" {} ", random.below(100)),
                _ => format!("{}", random.below(1 << 20) as f64 / 1024.0 - 300.0),
            };
            let cells = [
                number(random),
                ["m", "f"][(row + random.below(2)) % 2].to_string(),
                ["Rome", "Bern", "Oslo", "Bonn"][(row + random.below(2)) % 4].to_string(),
                number(random),
                ["no", "yes"][(row + random.below(2)) % 2].to_string(),
            ];
            let written = cells.map(|cell| match random.below(3) {
                0 => format!("\"{cell}\""),
                _ => cell,
            });
            text += &(written.join(&separator.to_string()) + end);
        }
        Table { text, separator }
    }

    /// Another reading, line by line: the features by rows, and the labels.
    fn values(&self) -> (Vec<f64>, Vec<f64>) {
        let lines = self.text.split(['\n', '\r']).filter(|line| !line.is_empty());
        let rows = lines.skip(1).map(|line| -> Vec<&str> {
            line.split(self.separator).map(|cell| cell.trim_matches('"').trim()).collect()
        });
        let gap = |cell: &&str| ["", "NA", "?", "null"].contains(cell);
        let (mut x, mut y) = (vec![], vec![]);
        for row in rows.filter(|row| !row.iter().any(gap)) {
            x.push(row[0].parse().unwrap());
            x.push(f64::from(row[1] == "m"));
            x.extend(["Bonn", "Oslo", "Rome"].map(|town| f64::from(row[2] == town)));
            x.push(row[3].parse().unwrap());
            y.push(f64::from(row[4] == "yes"));
        }
        (x, y)
    }
}

#[test]
fn another_reading_gives_the_same_numbers() {
    let mut random = Random(7);
    let csv = Csv { encode: vec!["town".to_string()], drop_incomplete: true, ..Csv::default() };
    for _ in 0..samples(200, 20_000) {
        let table = Table::random(&mut random);
        let examples = csv.examples(table.text.as_bytes(), "my.csv");
        let examples = examples.unwrap_or_else(|error| panic!("{error}\n{}", table.text));
        let names = ["first", "sex", "town=Bonn", "town=Oslo", "town=Rome", "second"];
        assert_eq!(examples.features, names);
        assert_eq!(
            (examples.x.t().to_vec(), examples.y.to_vec()),
            table.values(),
            "{}",
            table.text
        );
    }
}

/// The error names a line that exists, and a column within it or one past its end.
fn assert_place(text: &[u8], error: &Error) {
    let place = error.place.as_ref().unwrap_or_else(|| panic!("no place: {error}"));
    let lines = lines(text);
    let line = lines.get(place.line - 1).unwrap_or_else(|| panic!("no such line: {error}"));
    assert!(place.column >= 1 && place.column <= line.chars().count() + 1, "{error}");
    assert!(place.text.is_empty() || place.text == *line, "{error}\n{line:?}");
    let shown = error.to_string();
    assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "{shown:?}");
    assert!(shown.contains("\n why: ") && shown.contains("\n try: "), "{shown}");
}
