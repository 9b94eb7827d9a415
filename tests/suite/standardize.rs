//! Means and deviations, against exact arithmetic; training data sets the scale for all others.

use crate::common::{assert_close, config};
use chainrule::data::{Examples, Standardizer};
use chainrule::tensor::Tensor;
use proptest::prelude::*;

fn examples(features: &[&str], rows: &[Vec<f64>]) -> Examples {
    let label = "y".to_string();
    let classes = ["0", "1"].map(String::from).to_vec();
    let features = features.iter().map(|name| name.to_string()).collect();
    let y = Tensor::zeros(1, rows.len());
    let (x, columns, notes) = (Tensor::from_rows(rows).t(), Default::default(), vec![]);
    Examples { features, label, classes, x, y, columns, notes }
}

#[track_caller]
fn scale_of(values: &[f64]) -> (f64, f64) {
    let rows: Vec<Vec<f64>> = values.iter().map(|&x| vec![x]).collect();
    let Standardizer { means, deviations } = examples(&["x"], &rows).standardizer().unwrap();
    (means.get(0, 0), deviations.get(0, 0))
}

proptest! {
    #![proptest_config(config(64, 256))]

    /// Integers, whose mean Σv/m and variance (m Σv² − (Σv)²)/m² are exact in 128 bits, moved to
    /// any size by a power of two: from 1e-280 to 1e290, and with offsets up to 10¹² deviations.
    #[test]
    fn means_and_deviations_are_exact_at_any_size(
        spread in 0..40_u32,
        offset in -(1_i64 << 40)..(1 << 40),
        shares in proptest::collection::vec(-1.0..1.0, 2..40),
        power in -930..920_i32,
    ) {
        let integer = |share: &f64| offset + (share * (1_i64 << spread) as f64).round() as i64;
        let mut integers: Vec<i64> = shares.iter().map(integer).collect();
        integers.push(offset + 1 + (1 << spread)); // they are never all the same
        let size = 2f64.powi(power);
        let values: Vec<f64> = integers.iter().map(|&v| v as f64 * size).collect();
        let (mean, deviation) = scale_of(&values);

        let m = integers.len() as i128;
        let sum: i128 = integers.iter().map(|&v| i128::from(v)).sum();
        let squares: i128 = integers.iter().map(|&v| i128::from(v) * i128::from(v)).sum();
        let exact = ((m * squares - sum * sum) as f64).sqrt() / m as f64 * size;
        assert_close("deviation", deviation, exact, 4e-15);
        let error = (mean - sum as f64 / m as f64 * size).abs();
        // An offset of many deviations costs the mean its own last digit, and nothing more.
        prop_assert!(error <= 4e-16 * (mean.abs() + deviation), "mean {mean:e}, error {error:e}");
    }
}

#[test]
fn sizes_whose_squares_are_no_numbers() {
    assert_eq!(scale_of(&[1e300, -1e300]), (0.0, 1e300));
    let (mean, deviation) = scale_of(&[1e-300, 3e-300]);
    assert_close("mean", mean, 2e-300, 1e-15);
    assert_close("deviation", deviation, 1e-300, 1e-15);
    assert_eq!(scale_of(&[f64::MAX, f64::MIN]), (0.0, f64::MAX));
    assert_eq!(scale_of(&[f64::MIN, f64::MAX, f64::MAX, f64::MIN]), (0.0, f64::MAX));
    // Close to each other at 10⁹: half of their distance. Neighbours differ by rounding only.
    let [near, next] = [20, 1].map(|k| f64::from_bits(1e9_f64.to_bits() + k));
    assert_eq!(scale_of(&[1e9, near]).1, (near - 1e9) / 2.0);
    let same = examples(&["x"], &[vec![1e9], vec![next], vec![1e9]]).standardizer().unwrap_err();
    assert_eq!(same.what, "feature `x` is 1000000000 in all 3 examples");
}

#[test]
fn test_data_are_scaled_as_training_data_were() {
    let train = examples(&["a", "b"], &[vec![1.0, 10.0], vec![3.0, 30.0]]);
    let scaler = train.standardizer().unwrap();
    let scaled = scaler.apply(&train.x).unwrap();
    assert_eq!(scaled.t().to_vec(), [-1.0, -1.0, 1.0, 1.0]);
    // One example, far outside: nothing is computed anew from it.
    let new = examples(&["a", "b"], &[vec![5.0, -70.0]]);
    assert_eq!(scaler.apply(&new.x).unwrap().to_vec(), [3.0, -9.0]);
    // A row-major X gives the same.
    let rows = Tensor::from_rows(&[[1.0, 3.0], [10.0, 30.0]]);
    assert_eq!(scaler.apply(&rows).unwrap(), scaled);
}

#[test]
fn what_varies_in_the_test_data_only_is_constant() {
    let train = examples(&["a", "b"], &[vec![1.0, 7.0], vec![3.0, 7.0], vec![4.0, 7.0]]);
    let error = train.standardizer().unwrap_err();
    assert_eq!(error.what, "feature `b` is 7 in all 3 examples");
    // 0.1 added up and divided need not be 0.1 again; it is constant all the same.
    let tenths = examples(&["a"], &vec![vec![0.1]; 10]);
    assert_eq!(tenths.standardizer().unwrap_err().what, "feature `a` is 0.1 in all 10 examples");
}

#[test]
fn a_split_is_a_partition_and_its_seed_fixes_it() {
    let rows: Vec<Vec<f64>> = (0..50).map(|k| vec![k as f64]).collect();
    let all = examples(&["x"], &rows);
    let (train, test) = all.split(0.2, 7).unwrap();
    assert_eq!((train.x.shape(), test.x.shape()), ((1, 40), (1, 10)));
    let mut together = [train.x.to_vec(), test.x.to_vec()].concat();
    together.sort_by(f64::total_cmp);
    assert_eq!(together, all.x.to_vec());
    assert_eq!(all.split(0.2, 7).unwrap(), (train.clone(), test));
    assert_ne!(all.split(0.2, 8).unwrap().0, train);
    for share in [1e-9, 1.0 - 1e-9] {
        let (train, test) = all.split(share, 1).unwrap();
        assert!(!train.x.to_vec().is_empty() && !test.x.to_vec().is_empty());
    }
}
