//! Files as people have them. Each is read, or refused with a reason and a hint; the hints are carried
//! out, and after at most three of them the file is read, or the last message says why it cannot be.

use std::fs;

use chainrule::Error;
use chainrule::data::{Csv, Examples};

use crate::commands::answer;
use crate::common::project;

/// A file, and the options with which it is read.
#[derive(Clone, Debug)]
struct Attempt {
    text: String,
    csv: Csv,
}

impl Attempt {
    fn new(text: impl Into<String>, options: &str) -> Attempt {
        let mut attempt = Attempt { text: text.into(), csv: Csv::default() };
        attempt.add(options);
        attempt
    }

    fn read(&self) -> Result<Examples, Error> {
        self.csv.examples(self.text.as_bytes(), "my.csv")
    }

    /// Adds options as they are typed; false if there are none.
    fn add(&mut self, mut typed: &str) -> bool {
        let before = self.csv.clone();
        while let Some(at) = typed.find("--") {
            typed = &typed[at..];
            let end = typed.find(|c: char| !c.is_alphabetic() && c != '-').unwrap_or(typed.len());
            let (option, rest) = typed.split_at(end);
            let (value, rest) = match rest.trim_start().chars().next() {
                Some(quote @ ('"' | '\'')) => {
                    let (value, rest) = rest.trim_start()[1..].split_once(quote).unwrap();
                    (value.to_string(), rest)
                }
                Some('0'..='9') => {
                    let rest = rest.trim_start();
                    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '-');
                    let (value, rest) = rest.split_at(end.unwrap_or(rest.len()));
                    (value.to_string(), rest)
                }
                _ => (String::new(), rest),
            };
            match option {
                "--label" => self.csv.label = Some(value),
                "--without" => self.csv.without.push(value),
                "--encode" => self.csv.encode.push(value),
                "--not-missing" => self.csv.not_missing.push(value),
                "--drop-incomplete" => self.csv.drop_incomplete = true,
                "--header" => self.csv.header = Some(true),
                "--no-header" => self.csv.header = Some(false),
                "--decimal" => self.csv.decimal = value.chars().next(),
                "--without-lines" => {
                    let (first, last) = value.split_once('-').unwrap_or((&value, &value));
                    self.csv.without_lines.push(first.parse().unwrap()..=last.parse().unwrap());
                }
                other => panic!("{other}"),
            }
            typed = rest;
        }
        self.csv != before
    }

    /// Does what a message advises, the first of several things; false if it names no option.
    fn carry_out(&mut self, error: &Error) -> bool {
        self.add(error.hint.split(';').next().unwrap())
    }
}

/// The headlines on the way, and what comes of the file in the end.
fn outcome(mut attempt: Attempt, hints: usize) -> (Vec<String>, Option<(Attempt, Examples)>) {
    let mut said = vec![];
    loop {
        match attempt.read().and_then(|all| all.standardizer().map(|_| all)) {
            Ok(examples) => return (said, Some((attempt, examples))),
            Err(error) => {
                said.push(error.what.clone());
                if said.len() > hints || !attempt.carry_out(&error) {
                    return (said, None);
                }
            }
        }
    }
}

fn case(name: &str) -> String {
    fs::read_to_string(project().join("tests/data/csv").join(name)).unwrap()
}

/// For each file the options, the messages on the way, and in the end: examples and features, and a
/// note if there is one.
type Case<'a> = (&'a str, &'a str, &'a [&'a str], Option<(usize, usize)>, &'a str);

const NO_HEADER: &str = "the first row is one of numbers: the header seems to be missing";

const CASES: [Case<'static>; 33] = [
    ("c01_sep_semicolon", "", &[], Some((30, 2)), ""),
    ("c02_hash_top", "", &[], Some((30, 2)), "left out, as beginning with #: 2 lines"),
    (
        "c03_r_rownames",
        "",
        &[],
        Some((30, 2)),
        "left out, as it names the rows: the first column, without a name",
    ),
    ("c04_units_row", "", &["line 2 holds no number, and the rows below it do"], Some((30, 2)), ""),
    ("c05_header_again", "", &[], Some((60, 2)), "left out, as repeating the header: 1 line"),
    (
        "c06_unicode_minus",
        "",
        &[],
        Some((3, 2)),
        "read as numbers, with a minus sign of another kind (U+2212): a",
    ),
    ("c07_zwsp_cell", "", &[], Some((3, 2)), ""),
    ("c08_percent", "", &[], Some((4, 2)), "read as numbers, with a percent sign: rate"),
    ("c11_label_class_NA", "", &["2 values are missing"], Some((4, 2)), ""),
    (
        "c11_label_class_NA",
        "--drop-incomplete",
        &["the label `region` has the same value in all rows"],
        None,
        "",
    ),
    (
        "c11_na_None",
        "",
        &["2 values are missing"],
        Some((2, 2)),
        "left out, as incomplete: 2 of 4 rows",
    ),
    ("c11_na_dashdash", "", &["2 values are missing"], Some((2, 2)), ""),
    ("c11_na_slashN", "", &["2 values are missing"], Some((2, 2)), ""),
    ("c12_single_quotes", "", &[], Some((3, 2)), ""),
    ("c13_title_row", "", &["line 1 is a title, and the header is line 3"], Some((30, 2)), ""),
    ("c15_pipe", "", &[], Some((30, 2)), ""),
    ("c17k_constant_1462", "", &["feature `c` is 14.62 in all 1000 examples"], Some((1000, 1)), ""),
    ("c20_sex", "", &[], Some((3, 2)), "read as 0 and 1: sex (female, male)"),
    ("c21_near_constant", "", &["feature `c` is 0.3 in all 30 examples"], Some((30, 2)), ""),
    (
        "c22_counts_first",
        "",
        &["line 1 is no header of this table: it counts rows and features"],
        Some((30, 2)),
        "",
    ),
    (
        "c23_noheader_id_label",
        "",
        &[
            "the first row looks like those below it: the header seems to be missing",
            "column `c1` holds text",
        ],
        Some((4, 2)),
        "",
    ),
    ("c27_numeric_header", "--label \"2\"", &[], Some((30, 2)), ""),
    (
        "c27_numeric_header",
        "",
        &[NO_HEADER, "the label `c3` has 3 values, one in the first row only"],
        Some((30, 2)),
        "",
    ),
    ("c27_numeric_header", "--header", &[], Some((30, 2)), ""),
    ("c27_two_columns", "--label \"1\"", &[], Some((20, 1)), ""),
    ("c27_two_columns", "", &[NO_HEADER], Some((21, 1)), ""),
    ("c30_html", "", &["this is a web page, not a CSV file"], None, ""),
    ("c31_rare_dummy_07", "", &[], Some((30, 2)), ""),
    ("c34_separable", "", &[], Some((20, 1)), ""),
    ("c38_one_sep_tie", "", &[], Some((3, 1)), ""),
    ("c55_incomplete", "", &["2 values are missing"], Some((3, 2)), ""),
    ("c58_label_missing_hint", "", &["3 values are missing"], Some((3, 2)), ""),
    (
        "c59_many_text",
        "",
        &[],
        Some((5, 6)),
        "read as 0 and 1: sex (f, m), smoker (no, yes), city (x, z), job (j1, j2), alone (False, True)",
    ),
];

#[test]
fn every_case_has_its_outcome() {
    let mut tried = std::collections::BTreeSet::new();
    for (name, options, messages, shape, note) in CASES {
        let (said, end) = outcome(Attempt::new(case(&format!("{name}.csv")), options), 3);
        let messages: Vec<&str> = messages.to_vec();
        assert_eq!(said[..said.len().min(3)], messages[..], "{name} {options}");
        let end_shape = end.as_ref().map(|(_, all)| (all.x.shape().1, all.x.shape().0));
        assert_eq!(end_shape, shape, "{name} {options}");
        if !note.is_empty() {
            let notes = &end.unwrap().1.notes;
            assert!(notes.iter().any(|told| told == note), "{name}: {notes:?}");
        }
        tried.insert(format!("{name}.csv"));
    }
    let files = fs::read_dir(project().join("tests/data/csv")).unwrap();
    let files: Vec<_> =
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert!(files.iter().all(|file| tried.contains(file)), "{files:?}");
}

/// The options as they are typed.
fn typed(csv: &Csv) -> Vec<String> {
    let label = csv.label.iter().map(|name| format!("--label={name}"));
    let without = csv.without.iter().map(|name| format!("--without={name}"));
    let encode = csv.encode.iter().map(|name| format!("--encode={name}"));
    let kept = csv.not_missing.iter().map(|mark| format!("--not-missing={mark}"));
    let lines = csv.without_lines.iter();
    let lines = lines.map(|all| format!("--without-lines={}-{}", all.start(), all.end()));
    let decimal = csv.decimal.map(|mark| format!("--decimal={mark}"));
    let kept = kept.chain(lines).chain(decimal);
    let header = csv.header.map(|there| if there { "--header" } else { "--no-header" });
    let flags = header.into_iter().chain(csv.drop_incomplete.then_some("--drop-incomplete"));
    label.chain(without).chain(encode).chain(kept).chain(flags.map(String::from)).collect()
}

/// So many rows of a table, in which `{}` is a number that varies, and `a|b` one of some words.
fn shaped(header: &str, row: &str, count: usize) -> String {
    let mut state = 5_u64;
    let mut draw = move |end: usize| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as usize % end
    };
    let separator = if header.contains(';') { ";" } else { "," };
    let mut text = header.to_string() + if header.is_empty() { "" } else { "\n" };
    for k in 0..count {
        let cells = row.split(separator).map(|cell| {
            let words: Vec<&str> = cell.split('|').collect();
            let word = words[draw(words.len())].replace("{k}", &k.to_string());
            word.replace("{}", &format!("{}", draw(4000) as f64 / 100.0))
        });
        text += &(cells.collect::<Vec<_>>().join(separator) + "\n");
    }
    text
}

/// Tables of the form of those that people begin with: a verdict after at most three commands.
#[test]
fn tables_that_people_begin_with_reach_a_verdict() {
    let names = "\"Mr. {k} Owen\"|\"Mrs. {k} Anna\"";
    let titanic = format!(
        "{{k}},0|1,1|2|3,{names},male|female,{{}}|{{}}|,0|1|2,0|1,A/5 {{k}}|{{k}}77|PC {{k}}5,{{}},|||C{{k}},S|C|Q"
    );
    let services = "Yes|No|No internet service";
    let telco = format!(
        "{{k}}-QX,Female|Male,0|1,Yes|No,{{}},Yes|No,Yes|No|No phone service,DSL|Fiber optic|No,\
         {services},{services},Month-to-month|One year|Two year,Yes|No,\
         Mailed check|Electronic check|Credit card (automatic),{{}},{{}}|{{}}|{{}}|{{}}|{{}}|{{}}| ,No|Yes"
    );
    let bank = "{};\"admin.\"|\"services\"|\"unknown\"|\"student\";\"married\"|\"single\"|\"divorced\";\
                \"no\"|\"yes\";{};\"cellular\"|\"telephone\";\"may\"|\"jun\"|\"jul\"|\"aug\";{};\
                \"unknown\"|\"unknown\"|\"unknown\"|\"failure\"|\"success\";\"no\"|\"yes\"";
    let kaggle_heart = "{},M|F,ATA|NAP|ASY|TA,{},{},0|1,Normal|ST|LVH,{},N|Y,{},Up|Flat|Down,0|1";
    let penguins = "Adelie|Gentoo|Chinstrap,Biscoe|Dream,{}|{}|{}|NA,{},{},{},male|female|female|male|NA,2007|2008|2009";
    let tables = [
        (
            "titanic",
            shaped(
                "PassengerId,Survived,Pclass,Name,Sex,Age,SibSp,Parch,Ticket,Fare,Cabin,Embarked",
                &titanic,
                120,
            ),
            "--label \"Survived\"",
        ),
        (
            "telco",
            shaped(
                "customerID,gender,SeniorCitizen,Partner,tenure,PhoneService,MultipleLines,\
                 InternetService,OnlineSecurity,StreamingTV,Contract,PaperlessBilling,PaymentMethod,\
                 MonthlyCharges,TotalCharges,Churn",
                &telco,
                150,
            ),
            "",
        ),
        (
            "bank",
            shaped(
                "\"age\";\"job\";\"marital\";\"default\";\"balance\";\"contact\";\"month\";\"duration\";\
                 \"poutcome\";\"y\"",
                bank,
                120,
            ),
            "",
        ),
        (
            "heart, with words",
            shaped(
                "Age,Sex,ChestPainType,RestingBP,Cholesterol,FastingBS,RestingECG,MaxHR,ExerciseAngina,\
                 Oldpeak,ST_Slope,HeartDisease",
                kaggle_heart,
                100,
            ),
            "",
        ),
        ("heart, no header", shaped("", "{},0|1,{},{},?|{}|{}|{},{}|{}|{}|?,0|1", 90), ""),
        (
            "penguins",
            shaped("species,island,bill,depth,flipper,mass,sex,year", penguins, 120),
            "--label \"sex\"",
        ),
        (
            "penguins, naively",
            shaped("species,island,bill,depth,flipper,mass,sex,year", penguins, 120),
            "",
        ),
        (
            "a European spreadsheet",
            shaped(
                "sep=;\nKunde;Größe;Umsatz;Anteil;Abo",
                "K{k};1,{k};\"1.234,{k}\"|\"987,{k}\";{k},5 %;ja|nein",
                60,
            ),
            "",
        ),
        ("pandas, with its index", shaped(",a,b,y", "{k},{},{},False|True", 60), ""),
        (
            "R, with row names and NA",
            shaped("\"\",\"a\",\"kind\",\"y\"", "\"{k}\",{}|{}|NA,\"x\"|\"z\"|\"v\",0|1", 60),
            "",
        ),
        (
            "a title, and units below the header",
            shaped("Survey 2024,,\n,,\nage,income,y\n(years),(EUR),", "{},€{k}00.50,no|yes", 60),
            "",
        ),
        (
            "adult, no header",
            shaped(
                "",
                "{}, State-gov|Private|?, {}, Bachelors|HS-grad|11th, {}, Male|Female, {}, <=50K|>50K",
                120,
            ),
            "",
        ),
        (
            "german credit, no header",
            shaped("", "A11|A12|A14,{},A30|A34|A32,{},A61|A65|A64,A91|A92,1|2", 120)
                .replace(',', " "),
            "",
        ),
        (
            "wine, two kinds, no header",
            shaped("", "1|2,{},{},{},{}", 80),
            "--no-header --label \"c1\"",
        ),
        (
            "the published penguins",
            fs::read_to_string(project().join("examples/data/penguins.csv")).unwrap(),
            "",
        ),
    ];
    for (name, text, options) in tables {
        let (said, end) = outcome(Attempt::new(&text, options), 2);
        let (attempt, all) = end.unwrap_or_else(|| panic!("{name}: {said:?}\n{text}"));
        assert!(all.x.shape().1 * 4 > text.lines().count(), "{name} keeps {}", all.x.shape().1);
        assert_eq!(attempt.text.trim_end(), text.trim_end(), "{name}: no editor is needed");
        let path = std::env::temp_dir().join(format!("chainrule-shape-{}.csv", std::process::id()));
        fs::write(&path, &text).unwrap();
        let mut words = vec!["model".to_string(), path.display().to_string()];
        words.extend(typed(&attempt.csv));
        words.push("--iterations=20".to_string());
        let screen = answer(&words);
        fs::remove_file(path).unwrap();
        let screen = screen.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(screen.contains("\nverdict: AGREE"), "{name}:\n{screen}");
    }
}

/// A text, and as in [`Case`].
type Newcomer<'a> = (String, &'a [&'a str], Option<(usize, usize)>, &'a str);

/// What goes wrong in other files of this kind: the messages on the way, examples and features in the
/// end, and what is told of them.
#[test]
fn files_of_newcomers() {
    let plain = shaped("a,b,y", "{},{},0|1", 30);
    let with = |end: &str| format!("{plain}{end}\n");
    let (header, rows) = plain.split_once('\n').unwrap();
    let [european, bars] = [";", "|"].map(|mark| plain.replace(',', mark));
    let bars: Vec<String> = bars.lines().map(|line| format!("|{line}|\n")).collect();
    let five = |row: &str| shaped(header, row, 40);
    let not_two = "the label `y` has 5 values, not two";
    let looks = "looks like an id; to leave it out: --without";
    let cases: [Newcomer; 17] = [
        (with("Total,1500,15"), &["`Total` is not a number"], Some((30, 2)), ""),
        (with("Source: us"), &["this row has 1 cell, the header has 3"], Some((30, 2)), ""),
        (with("inf,3,0"), &["`inf` is no finite number"], Some((30, 2)), ""),
        (with("1e999,3,0"), &["`1e999` is too large"], Some((30, 2)), ""),
        (format!("a,a,y\n{rows}"), &["two columns are named `a`"], Some((30, 2)), ""),
        (
            format!("{header}\n{}", rows.replace('\n', ",\n")),
            &[],
            Some((30, 2)),
            "left out, as empty: a last cell, of 30 lines",
        ),
        (
            european.replace('.', ",") + "3.5;1;0\n",
            &["`3.5` has a decimal point"],
            Some((30, 2)),
            "read as numbers, with a decimal comma: a, b",
        ),
        (
            format!("{}|---|---|---|\n{}", bars[0], bars[1..].concat()),
            &["line 2 holds no number, and the rows below it do", "column 5 has no name"],
            Some((30, 2)),
            "",
        ),
        // Numbers are classes where one says so, and all else is advised with it.
        (five("{},{},0|1|2|3|4"), &[not_two], Some((40, 2)), ""),
        (five("{},?|1|2|3|4|5|6,0|1|2|3|4"), &[not_two], Some((34, 2)), ""),
        (
            shaped("", "1|2|3,{},{}", 40),
            &[NO_HEADER, "the label `c3` has 39 values, more than 20"],
            Some((40, 2)),
            "",
        ),
        (
            five("1|2|ground,{},0|1"),
            &["`ground` is not a number"],
            Some((40, 3)),
            "a: a column of 0 and 1 for each word but 1",
        ),
        // No hint that would leave nothing.
        (shaped("weight,y", "{} kg,0|1", 30), &["column `weight` holds text"], None, ""),
        (shaped("id,a,y", "{k},{},0|1", 30), &[], Some((30, 2)), &format!("id {looks} \"id\"")),
        (
            shaped("nr,a,y", "{k},{}|{}|,0|1", 30),
            &["7 values are missing"],
            Some((23, 2)),
            &format!("nr {looks} \"nr\""),
        ),
        (
            shaped("a,client_id,y", "{},7{k}{k}5,0|1", 30),
            &[],
            Some((30, 2)),
            &format!("client_id {looks} \"client_id\""),
        ),
        (five("3{k}0,{k},0|1").replace("\n310,1,", "\n310,2,"), &[], Some((40, 2)), ""),
    ];
    for (text, messages, shape, note) in cases {
        let (said, end) = outcome(Attempt::new(&text, ""), 3);
        assert_eq!(said, messages, "{text}");
        assert_eq!(
            end.as_ref().map(|(_, all)| (all.x.shape().1, all.x.shape().0)),
            shape,
            "{text}"
        );
        let notes = end.map_or(vec![], |(_, all)| all.notes);
        let told = notes.iter().any(|told| told == note);
        assert!(told || note.is_empty() && !notes.concat().contains(looks), "{text}: {notes:?}");
    }
}

/// The numbers that are read are those of the file.
#[test]
fn the_values_of_the_cases() {
    let plain = Attempt::new(case("c15_pipe.csv").replace('|', ","), "").read().unwrap();
    assert_eq!((plain.x.get(0, 0), plain.x.get(1, 29), plain.y.get(0, 2)), (-0.256, 59.55, 1.0));
    for name in ["c01_sep_semicolon", "c02_hash_top", "c03_r_rownames", "c15_pipe", "c13_title_row"]
    {
        let (_, end) = outcome(Attempt::new(case(&format!("{name}.csv")), ""), 3);
        assert_eq!(end.unwrap().1.x, plain.x, "{name}");
    }
    let sex = Attempt::new(case("c20_sex.csv"), "").read().unwrap();
    assert_eq!(
        (sex.features, sex.x.t().to_vec()),
        (vec!["sex".to_string(), "b".to_string()], vec![1.0, 50.0, 0.0, 48.0, 1.0, 47.0])
    );
    let minus = outcome(Attempt::new(case("c06_unicode_minus.csv"), ""), 3).1.unwrap().1;
    assert_eq!(minus.x.get(0, 1), -0.5);
    let region = outcome(Attempt::new(case("c11_label_class_NA.csv"), ""), 3).1.unwrap().1;
    assert_eq!(region.classes, ["EU", "NA"]);
}

/// What the command says of them.
#[test]
fn the_screen_of_the_cases() {
    let model = |name: &str, options: &[&str]| {
        let path = project().join("tests/data/csv").join(name);
        answer(&[&["model", path.to_str().unwrap(), "--iterations", "300"], options].concat())
    };
    let rare = model("c31_rare_dummy_07.csv", &[]).unwrap();
    let told = "the same in all 24 examples to train on, so of weight 0: rare\n";
    assert!(rare.contains(told) && rare.contains("\nverdict: AGREE"), "{rare}");
    let separable = model("c34_separable.csv", &[]).unwrap();
    assert!(separable.contains("accuracy: 100.0 % on train"), "{separable}");
    let told = "train is separable: the cost has no minimum, and weights grow for ever\n";
    assert_eq!(separable.matches(told).count(), 1, "{separable}");
    assert!(!rare.contains("separable"));
    let label = model("c58_label_missing_hint.csv", &[]).unwrap_err();
    assert!(label.contains("2 in `y`") && !label.contains("--without"), "{label}");
    let told = "label y: 10 are 1, 10 are 0 (the last column; else: --label NAME)\n";
    assert!(separable.contains(told), "{separable}");
    assert!(!model("c34_separable.csv", &["--label=y"]).unwrap().contains("the last column"));
    let rows = model("c55_incomplete.csv", &[]).unwrap_err();
    assert!(rows.ends_with(" try: add --drop-incomplete (keeps 3 of 5 rows)"), "{rows}");
    let label = model("c27_two_columns.csv", &["--no-header", "--label", "2"]).unwrap_err();
    assert!(label.ends_with("such as --label \"c2\""), "{label}");
}

/// `NA` may be North America.
#[test]
fn a_word_that_usually_says_nothing() {
    let rows = (0..40).map(|k| format!("{k},{},{}\n", ["NA", "EU", "AS"][k * 7 % 3], k % 2));
    let mut attempt = Attempt::new(format!("a,region,y\n{}", rows.collect::<String>()), "");
    let error = attempt.read().unwrap_err();
    assert!(
        error.hint.ends_with("; or, if `NA` is a value like others: --not-missing \"NA\""),
        "{error}"
    );
    attempt.add("--not-missing \"NA\"");
    let (said, end) = outcome(attempt, 1);
    assert_eq!(said, ["column `region` holds text"]);
    assert_eq!(end.unwrap().1.features, ["a", "region=EU", "region=NA"]);
}

/// More kinds of gaps than are told apart are counted all the same.
#[test]
fn gaps_everywhere() {
    let cell = |row: usize, k: usize| if row >> k & 1 == 1 { "" } else { "1" };
    let row = |row: usize| (0..12).map(|k| cell(row, k)).collect::<Vec<_>>().join(",");
    let rows: String = (0..4096).map(|k| format!("{},x\n", row(k))).collect();
    let text =
        format!("{},y\n{rows}", (0..12).map(|k| format!("c{k}")).collect::<Vec<_>>().join(","));
    let error = Attempt::new(text, "").read().unwrap_err();
    assert_eq!(error.what, format!("{} values are missing", 12 * 2048));
    assert_eq!(error.facts[2], "incomplete rows: 4095 of 4096");
    assert_eq!(error.hint, "add --drop-incomplete (keeps 1 of 4096 rows)");
}

#[test]
fn a_header_behind_a_hash() {
    for text in
        ["# a b y\n1 2 0\n3 4 1\n", "# by hand\n#a,b,y\n1,2,0\n3,4,1\n", "#a;b;y\n1;2;0\n3;4;1"]
    {
        let all = Attempt::new(text, "").read().unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(
            (all.features, all.label.as_str()),
            (vec!["a".into(), "b".into()], "y"),
            "{text}"
        );
        assert_eq!(all.x.t().to_vec(), [1.0, 2.0, 3.0, 4.0]);
    }
    let text = "# a,b,c\na,b,y\n1,2,0\n3,4,1\n"; // a header without it comes first
    assert_eq!(Attempt::new(text, "").read().unwrap().label, "y");
}

#[test]
fn a_label_that_is_encoded_is_a_label() {
    let text = "a,y\n1,no\n2,yes\n3,no\n";
    let plain = Attempt::new(text, "").read().unwrap();
    assert_eq!(Attempt::new(text, "--encode \"y\"").read().unwrap(), plain);
}

/// Words are counted up to a hundred thousand; what comes after them is text as well.
#[test]
fn more_words_than_are_counted() {
    let row = |k: usize| format!("k{k},{},{}\n", if k < 100_000 { "1" } else { "late" }, k % 2);
    let text = "id,a,y\n".to_string() + &(0..100_003).map(row).collect::<String>();
    let error = Attempt::new(text, "").read().unwrap_err();
    assert_eq!(error.what, "2 columns hold text: `id`, `a`");
    let facts = ["`id`: 99999 words or more", "`a`: 21 words or more beside 100000 numbers"];
    assert_eq!(error.facts[..2], facts);
    assert_eq!(error.hint, "write numbers there, or no feature is left");
}

#[test]
fn lines_are_counted_whatever_ends_them() {
    for (end, blank) in [("\n", "\n\n"), ("\r\n", "\r\n\r\n"), ("\r", "\r\r"), ("\r\n", "\n\r\n")] {
        let text = format!("{blank}a,y{end}1,0{end}{blank}1e999,1{end}");
        let place = Attempt::new(&text, "").read().unwrap_err().place.unwrap();
        assert_eq!(place.line, 7, "{text:?}");
    }
}

#[test]
fn files_that_are_no_tables_are_named() {
    for (beginning, what) in [
        (&b"\x1f\x8b\x08\0\0\0"[..], "compressed by gzip"),
        (b"PK\x03\x04\x14\0", "a zip archive or an Excel workbook"),
        (b"\xd0\xcf\x11\xe0\xa1", "an old Excel workbook"),
        (b"\xef\xbb\xbf\n <HTML><body>", "a web page"),
        (b"[{\"a\": 1}]", "JSON"),
        (b"{\n  \"a\": 1\n}\n", "JSON"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a Git LFS pointer"),
        (b"%PDF-1.7\n", "a PDF"),
    ] {
        let error = Csv::default().examples(beginning, "my.csv").unwrap_err();
        assert_eq!(error.what, format!("this is {what}, not a CSV file"));
    }
    assert_eq!(Attempt::new("[a],y\n1,0\n2,1\n", "").read().unwrap().features, ["[a]"]);
}
