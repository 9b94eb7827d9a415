//! What was learned is saved as it is, and answers for other rows: by the names of their columns.

use std::fs;
use std::path::PathBuf;

use chainrule::Error;
use chainrule::activation::{Activation, Sigmoid};
use chainrule::data::{Classifier, Csv, Examples};
use chainrule::logistic::{Options, initialize_with_zeros, optimize, predict};
use chainrule::tensor::Tensor;

use crate::commands::answer;
use crate::common::{assert_close, project};

const TEXT: &str = "hours,colour,sex,passed\n1,red,m,no\n2.5,green,f,yes\n0.5,blue,m,no\n4,red,f,yes\n\
                    3,green,m,yes\n2,blue,f,no\n";

/// A model of these rows, with the node that it is made from.
fn trained() -> (Classifier, Examples, Tensor, f64) {
    let csv = Csv { encode: vec!["colour".to_string()], ..Csv::default() };
    let all = csv.examples(TEXT.as_bytes(), "my.csv").unwrap();
    let scaler = all.standardizer().unwrap();
    let x = scaler.apply(&all.x).unwrap();
    let (w, b) = initialize_with_zeros(all.features.len());
    let options = Options { num_iterations: 200, ..Options::default() };
    let fit = optimize(w, b, &x, &all.y, &options).unwrap();
    (Classifier::new(&all, scaler, &fit.w, fit.b), all, fit.w, fit.b)
}

fn read(model: &Classifier, text: &str) -> Result<Tensor, Error> {
    model.read(text.as_bytes(), "new.csv", &Csv::default()).map(|new| new.x)
}

#[test]
fn a_saved_model_is_the_same_model() {
    let (model, ..) = trained();
    let saved = model.to_csv();
    assert_eq!(Classifier::from_csv(saved.as_bytes(), "model.csv").unwrap(), model);
    let lines: Vec<&str> = saved.lines().collect();
    assert_eq!(lines[0], "what,column,word,mean,deviation,no,yes");
    assert_eq!(lines[1], "label,passed,,,,,");
    assert!(lines[2].starts_with("bias,,,,,0.0,"), "{saved}");
    assert!(lines[3].starts_with("feature,hours,,2.16"), "{saved}");
    assert_eq!(lines[4], "feature,colour,blue,0,1,0,0");
    assert!(lines[5].starts_with("feature,colour,green,0.3333"), "{saved}");
    assert_eq!(lines.len(), 9);
}

/// Names, words and classes that a table has to quote; and three classes, which no node has yet.
#[test]
fn a_model_of_three_classes_with_odd_names() {
    let text = "\"a, \"\"b\"\"\",x=y,it's,y\n1,a=b,1,0\n2,\"c,d\",3,1\n5,a=b,4,1\n";
    let all = Examples::from_csv(text.as_bytes(), "my.csv", None, &[]).unwrap();
    let (n, classes) = (3, ["no", "\"yes\", sir", "1e5"].map(String::from).to_vec());
    let model = Classifier {
        label: "is it, or not?".to_string(),
        classes,
        w: Tensor::new(n, 3, vec![0.1, -2e300, 1.0 / 3.0, 5e-324, 7.0, 8.0, 1e16, -0.0, 2.0]),
        b: Tensor::new(3, 1, vec![1.0, 2.0, -3.5]),
        ..Classifier::new(&all, all.standardizer().unwrap(), &Tensor::zeros(n, 1), 0.0)
    };
    let saved = model.to_csv();
    assert_eq!(Classifier::from_csv(saved.as_bytes(), "model.csv").unwrap(), model, "{saved}");
    let p =
        Classifier { w: Tensor::new(n, 3, vec![0.5; 9]), ..model }.probabilities(&all.x).unwrap();
    // The same weights for all: the biases decide, by e¹ : e² : e^−3.5.
    let sum = 1f64.exp() + 2f64.exp() + (-3.5f64).exp();
    assert_close("p", p.get(1, 2), 2f64.exp() / sum, 1e-15);
    assert_eq!(Classifier::predictions(&p).to_vec(), [1.0; 3]);
}

#[test]
fn probabilities_are_those_of_the_node() {
    let (model, all, w, b) = trained();
    let new = model.read(TEXT.as_bytes(), "new.csv", &Csv::default()).unwrap();
    assert_eq!((&new.x, &new.y), (&all.x, &all.y));
    assert_eq!(new.lines, [2, 3, 4, 5, 6, 7]);
    let p = model.probabilities(&new.x).unwrap();
    let x = model.scaler.apply(&all.x).unwrap();
    for j in 0..6 {
        let z = (0..4).map(|i| w.get(i, 0) * x.get(i, j)).sum::<f64>() + b;
        assert_close("p", p.get(1, j), Sigmoid.f(z), 1e-14);
        assert_close("1 - p", p.get(0, j), Sigmoid.f(-z), 1e-14);
    }
    assert_eq!(Classifier::predictions(&p), predict(&w, b, &x).unwrap());
    let nothing = Classifier { b: Tensor::new(2, 1, vec![0.0, f64::NAN]), ..model.clone() };
    let p = nothing.probabilities(&new.x).unwrap();
    assert!(Classifier::predictions(&p).to_vec().iter().all(|k| k.is_nan()));
    // However far z is, a probability is one.
    let far = model.probabilities(&Tensor::filled(4, 1, 1e200)).unwrap();
    assert_eq!(far.sum(), 1.0);
}

#[test]
fn columns_are_known_by_their_names() {
    let (model, all, ..) = trained();
    let first = all.x.columns(1..2);
    for text in [
        "hours,colour,sex\n2.5,green,f\n",
        "sex;passed;hours;colour\nf;no;2.5;green\n",
        "colour,sex,hours,passed\ngreen,f,2.5,\n", // the label is asked for
    ] {
        assert_eq!(read(&model, text).unwrap(), first, "{text}");
    }
    for (text, what, hint) in [
        (
            "hours,sex\n1,f\n",
            "column `colour` is missing, with which the model was trained",
            "add this column, or train without it",
        ),
        (
            "hours,colour,sex,id\n1,red,f,7\n",
            "the model was trained without a column `id`",
            "leave it out: --without \"id\"",
        ),
        (
            "hours,colour,sex\n1,pink,f\n",
            "`pink` did not occur in training",
            "write one of these, or leave the line out: --without-lines 2",
        ),
        (
            "hours,colour,sex,passed\n1,red,f,perhaps\n",
            "`perhaps` did not occur in training",
            "write one of these, or leave the line out: --without-lines 2",
        ),
        ("hours,colour,sex\n,red,f\n", "1 value is missing", "fill in what is missing"),
        (
            "hours,colour,sex,hours\n1,red,f,7\n",
            "two columns are named `hours`",
            "give one of them another name in the header",
        ),
        ("hours,colour,sex\n", "there is a header, and no row below it", ""),
    ] {
        let error = read(&model, text).unwrap_err();
        assert_eq!(error.what, what, "{error}");
        assert!(hint.is_empty() || error.hint == hint, "{error}");
        assert!(error.place.is_some(), "{error}");
    }
    let csv = Csv { without: vec!["id".to_string()], drop_incomplete: true, ..Csv::default() };
    let text = "id,hours,colour,sex\n1,2,red,?\n7,2.5,green,f\n";
    let new = model.read(text.as_bytes(), "new.csv", &csv).unwrap();
    assert_eq!((new.x, new.lines), (first, vec![3]));
    assert_eq!(new.notes, ["left out, as incomplete: 1 of 2 rows"]);
    let text = "hours,colour,sex\n?,red,m\n";
    let error = model.read(text.as_bytes(), "new.csv", &csv).unwrap_err();
    assert_eq!(error.what, "all rows are incomplete");
}

#[test]
fn what_is_no_model_is_refused() {
    let saved = trained().0.to_csv();
    let line = |k: usize, instead: &str| -> String {
        let lines = saved.lines().enumerate();
        lines.map(|(i, line)| format!("{}\n", if i == k { instead } else { line })).collect()
    };
    for (text, place) in [
        (TEXT.to_string(), Some((1, 1))),
        (String::new(), Some((1, 1))),
        (line(3, "feature,hours,,2.1,0,0,1"), Some((4, 20))),
        (line(3, "feature,hours,,2.1,1,0,x"), Some((4, 24))),
        (line(3, "feature,hours,,2.1,1,0"), Some((4, 1))),
        (line(1, ""), None),
        (line(2, ""), None),
    ] {
        let error = Classifier::from_csv(text.as_bytes(), "model.csv").unwrap_err();
        assert_eq!(error.what, "this is no model as `--save` writes it", "{text}");
        let found = error.place.as_ref().map(|place| (place.line, place.column));
        assert!(place.is_none() || found == place, "{error}");
    }
}

/// A file for this test only.
fn temporary(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("chainrule-{}-{name}", std::process::id()))
}

/// The three species of the published table: a node for each, judged, saved, loaded and asked.
#[test]
fn the_command_learns_three_classes() {
    let [model, new] = ["species.csv", "species-new.csv"].map(temporary);
    let penguins = project().join("examples/data/penguins.csv");
    let [model, new, file] = [&model, &new, &penguins].map(|path| path.to_str().unwrap());
    let rows = fs::read_to_string(file).unwrap();
    let some = rows.lines().enumerate().filter(|(k, row)| k % 40 == 0 && !row.contains("NA"));
    fs::write(new, some.map(|(_, row)| format!("{row}\n")).collect::<String>()).unwrap();
    let words = ["model", file, "--label", "species", "--without", "island", "--encode", "sex"];
    let words = [&words[..], &["--drop-incomplete", "--iterations", "40", "--save", model]];
    let screen = answer(&words.concat()).unwrap();
    for part in [
        "label species: 146 are Adelie, 68 are Chinstrap, 119 are Gentoo\n3 nodes, one for each",
        "cost after iteration     0: 1.098612\n",
        "baseline (always Adelie): ",
        "\non train, predicted to be:\n                  Adelie  Chinstrap     Gentoo  precision   recall\n",
        "\nWeights of the standardised features for Gentoo, by size; b = ",
        "\n  and 16 smaller ones, which all AGREE\n",
        "\nverdict: AGREE ",
    ] {
        assert!(screen.contains(part), "{part:?} in {screen}");
    }
    let narrow = |line: &str| line.chars().count() <= 80 || line.contains(model);
    assert!(screen.lines().all(narrow), "{screen}");
    // The counts of train and test, counted together, are the rows.
    let counts = |line: &str| -> Vec<usize> {
        line.split_whitespace().filter_map(|word| word.parse().ok()).collect()
    };
    let all: usize = screen.lines().filter(|l| l.starts_with(" is ")).flat_map(counts).sum();
    assert_eq!(all, 333);

    let answers = answer(&["model", "--load", model, "--predict", new]).unwrap();
    let (table, _) = answers.split_once("on new, predicted to be:\n").unwrap();
    let mut lines = table.lines();
    assert_eq!(lines.next(), Some("line,P(Adelie),P(Chinstrap),P(Gentoo),species"));
    let true_rows = fs::read_to_string(new).unwrap();
    for (line, row) in lines.zip(true_rows.lines().skip(1)) {
        let cells: Vec<&str> = line.split(',').collect();
        let p: Vec<f64> = cells[1..4].iter().map(|p| p.parse().unwrap()).collect();
        let best = (0..3).max_by(|&i, &j| p[i].total_cmp(&p[j])).unwrap();
        assert!((p.iter().sum::<f64>() - 1.0).abs() < 2e-6, "{line}");
        assert_eq!(cells[4], ["Adelie", "Chinstrap", "Gentoo"][best]);
        assert!(row.starts_with(cells[4]), "{line}: {row}");
    }
    let words = ["model", file, "--label", "species", "--drop-incomplete", "--page", "p.html"];
    let error = answer(&[&words[..], &["--encode", "island", "--encode", "sex"]].concat());
    assert!(error.unwrap_err().starts_with("--page shows one node"));
    for path in [model, new] {
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn the_command_saves_loads_and_predicts() {
    let [model, new] = ["model.csv", "new.csv"].map(temporary);
    let penguins = project().join("examples/data/penguins_sex.csv");
    let table = fs::read_to_string(&penguins).unwrap();
    fs::write(&new, table.lines().take(4).map(|line| format!("{line}\n")).collect::<String>())
        .unwrap();
    let run = |words: &[&str]| answer(&[&["model"], words].concat());
    let [model, new] = [&model, &new].map(|path| path.to_str().unwrap());
    let screen = run(&["--iterations", "50", "--save", model, "--predict", new]).unwrap();
    assert!(screen.contains(&format!("\nsaved: {model}\n")), "{screen}");
    let (_, shown) = screen.split_once(&format!("\n{new}:\n")).unwrap();
    let answers = run(&["--load", model, "--predict", new]).unwrap();
    assert!(shown.starts_with(&answers), "{shown}\n{answers}");
    assert_eq!(run(&["--load", model, new]).unwrap(), answers);
    let lines: Vec<&str> = answers.lines().collect();
    assert_eq!(lines[0], "line,P(0),P(1),male");
    assert!(lines[1].starts_with("2,0.") && lines[1].ends_with(",0"), "{answers}");
    assert_eq!(lines.len(), 8, "three answers, and what is taken for what: {answers}");
    // Without the label, as it is.
    let cells = |line: &str| line.rsplit_once(',').unwrap().0.to_string() + "\n";
    fs::write(new, table.lines().take(4).map(cells).collect::<String>()).unwrap();
    assert_eq!(run(&["--load", model, new]).unwrap().lines().collect::<Vec<_>>(), lines[..4]);
    assert!(run(&["--load", model]).unwrap_err().starts_with("--load needs one file to predict"));
    assert!(run(&["--load", new, new]).unwrap_err().starts_with("this is no model"));
    for option in
        ["--label=y", "--encode=y", "--iterations=9", "--learning-rate=1", "--page=p.html"]
    {
        let (name, _) = option.split_once('=').unwrap();
        let refused = run(&["--load", model, new, option]).unwrap_err();
        assert!(refused.starts_with(&format!("{name} is for training, and --load ")), "{refused}");
    }
    let both = run(&["--header", "--no-header"]).unwrap_err();
    assert!(both.starts_with("--header and --no-header exclude each other\n"), "{both}");
    fs::remove_file(model).unwrap();
    fs::remove_file(new).unwrap();
}

/// What cannot be saved is told before the training; what is read is not written over.
#[test]
fn a_model_that_cannot_be_saved() {
    let file = temporary("input.csv");
    fs::write(&file, TEXT).unwrap();
    let name = file.to_str().unwrap();
    let refused = |words: &[&str]| answer(&[&["model"], words].concat()).unwrap_err();
    let told = refused(&["--save", "/no/such/model.csv", "--learning-rate", "-1"]);
    assert!(told.starts_with("cannot write /no/such/model.csv: "), "{told}");
    for words in [&[name, "--save", name][..], &["--predict", name, "--save", name]] {
        assert_eq!(refused(words), format!("--save would write over {name}, which is read"));
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), TEXT);
    fs::remove_file(&file).unwrap();
    // Where the training fails, no empty file is left behind.
    let model = temporary("unsaved.csv");
    refused(&["--save", model.to_str().unwrap(), "--learning-rate", "-1"]);
    assert!(!model.exists());
}

/// A saved model knows what was left out and encoded; new data may have it all.
#[test]
fn a_model_remembers_its_columns() {
    let [model, file] = ["columns.csv", "all.csv"].map(temporary);
    let rows = (0..40).map(|k| {
        let (colour, passed) = (["red", "green", "NA"][k % 3], ["no", "yes"][k / 20]);
        format!("id{k},{k},{colour},{passed}\n")
    });
    fs::write(&file, format!("id,hours,colour,passed\n{}", rows.collect::<String>())).unwrap();
    let [model, file] = [&model, &file].map(|path| path.to_str().unwrap());
    let options = ["--without", "id", "--encode", "colour", "--not-missing", "NA"];
    let words = [&["model", file, "--iterations=9", "--save", model][..], &options].concat();
    let screen = answer(&words).unwrap();
    assert!(
        screen.contains(&format!("\nTry:  cargo run -- model --load {model} --pre")),
        "{screen}"
    );
    let answers = answer(&["model", "--load", model, file]).unwrap();
    assert_eq!(answers.lines().filter(|line| line.contains(",0.")).count(), 40, "{answers}");
    fs::remove_file(model).unwrap();
    fs::remove_file(file).unwrap();
}

/// The matrix of the screen counts what a count by hand finds.
#[test]
fn the_confusion_of_the_penguins() {
    let screen = answer(&["model"]).unwrap();
    let row = |start: &str| -> Vec<u32> {
        let line = screen.lines().find(|line| line.starts_with(start)).unwrap();
        line.split_whitespace().skip(2).map(|count| count.parse().unwrap()).collect()
    };
    let [zero, one] = [" is 0 ", " is 1 "].map(row);
    let all = Examples::read_csv("examples/data/penguins_sex.csv", None).unwrap();
    let (train, test) = all.split(0.2, 1).unwrap();
    for (k, part) in [train, test].into_iter().enumerate() {
        let ones = part.y.sum() as u32;
        assert_eq!(one[2 * k] + one[2 * k + 1], ones);
        assert_eq!(zero[2 * k] + zero[2 * k + 1], part.y.shape().1 as u32 - ones);
    }
    let percent =
        |right: u32, all: u32| format!("{:.1} %", f64::from(100 * right) / f64::from(all));
    let precision = [1, 3].map(|k| percent(one[k], one[k] + zero[k])).join(", ");
    let recall = [1, 3].map(|k| percent(one[k], one[k] + one[k - 1])).join(", ");
    let told = format!("for 1, train and test: precision {precision}; recall {recall}\n");
    assert!(screen.contains(&told), "{told}\n{screen}");
    let right = percent(zero[0] + one[1], zero[0] + zero[1] + one[0] + one[1]);
    assert!(screen.contains(&format!("accuracy: {right} on train")), "{screen}");
}
