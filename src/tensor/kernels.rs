//! The loops in which the time goes, over plain slices.
//!
//! They are ordinary safe loops, written so that the compiler makes vector instructions of them:
//! over slices whose lengths it knows to be equal, in the order of memory, and with several sums
//! at once, since additions into a single sum would wait for each other. Nothing depends on the
//! processor: the order of all additions is fixed, and no multiplication is fused with an addition.

use std::array;
use std::hint::black_box;
use std::ops::Range;

/// Compiles each function twice, for any processor of its kind and for one with AVX2, which has
/// wider registers, and picks one when it is called.
///
/// Both do the same additions and multiplications in the same order, and so give the same bits.
/// The crate's own loops go through this, and so can one of yours; what it calls must be marked
/// `#[inline(always)]` to be compiled twice as well. It holds the one `unsafe` of this crate, the
/// call of what was compiled for AVX2; a crate with `#![forbid(unsafe_code)]` cannot use it.
///
/// ```
/// chainrule::widest! {
///     /// `Σ xᵢ²`.
///     fn squares(x: &[f64]) -> f64 {
///         x.iter().map(|x| x * x).sum()
///     }
/// }
/// assert_eq!(squares(&[3.0, 4.0]), 25.0);
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! widest {
    ($(
        $(#[$doc:meta])*
        $visibility:vis fn $name:ident($($argument:ident: $Type:ty),* $(,)?) $(-> $Out:ty)? $body:block
    )*) => {$(
        $(#[$doc])*
        $visibility fn $name($($argument: $Type),*) $(-> $Out)? {
            #[inline(always)]
            fn __plain($($argument: $Type),*) $(-> $Out)? $body

            #[cfg(target_arch = "x86_64")]
            if std::is_x86_feature_detected!("avx2") {
                #[target_feature(enable = "avx2")]
                fn __wide($($argument: $Type),*) $(-> $Out)? {
                    __plain($($argument),*)
                }
                #[allow(unsafe_code, reason = "the line above saw that the processor has AVX2")]
                return unsafe { __wide($($argument),*) };
            }
            __plain($($argument),*)
        }
    )*};
}

/// How many sums are kept at once.
const LANES: usize = 8;

/// Where the rows of a matrix lie in memory: one every `stride` numbers.
#[derive(Clone, Copy)]
pub struct Rows<'a> {
    pub data: &'a [f64],
    pub stride: usize,
    pub count: usize,
    pub length: usize,
}

impl<'a> Rows<'a> {
    #[inline(always)]
    fn row(self, i: usize) -> &'a [f64] {
        &self.data[i * self.stride..][..self.length]
    }

    /// Ranges of rows, a multiple of eight, that stay in the L2 cache while all rows of
    /// another matrix meet them: so each row comes from memory once.
    #[inline(always)]
    fn pieces(self) -> impl Iterator<Item = Range<usize>> {
        let size = ((1 << 15) / self.length / 8).max(1) * 8;
        (0..self.count).step_by(size).map(move |k| k..self.count.min(k + size))
    }
}

widest! {
    /// `Σ xᵢ`.
    pub fn sum(x: &[f64]) -> f64 {
        let (chunks, rest) = x.as_chunks::<LANES>();
        let mut sums = [0.0; LANES];
        for chunk in chunks {
            sums = array::from_fn(|k| sums[k] + chunk[k]);
        }
        join(sums) + rest.iter().sum::<f64>()
    }

    /// `y = f(x)`, number by number, at the end of `y`.
    pub fn map(x: &[f64], y: &mut Vec<f64>, f: impl Fn(f64) -> f64) {
        y.extend(x.iter().map(|&x| f(x)));
    }

    /// `(y, z) = f(x)`, number by number.
    pub fn map_to_two(x: &[f64], y: &mut [f64], z: &mut [f64], f: impl Fn(f64) -> (f64, f64)) {
        for ((y, z), &x) in y.iter_mut().zip(z).zip(x) {
            (*y, *z) = f(x);
        }
    }

    /// `z = f(x, y)`, number by number, at the end of `z`.
    pub fn zip(x: &[f64], y: &[f64], z: &mut Vec<f64>, f: impl Fn(f64, f64) -> f64) {
        z.extend(x.iter().zip(y).map(|(&x, &y)| f(x, y)));
    }

    /// `x += y`, number by number.
    pub fn add_to(x: &mut [f64], y: &[f64]) {
        for (x, y) in x.iter_mut().zip(y) {
            *x += y;
        }
    }

    /// `C = A·Bᵀ`, where A and B have rows of the same length: each entry of C is the dot product
    /// of two rows. C lies row by row.
    ///
    /// This is wᵀX where X has its examples in one piece each: A is wᵀ, and B is Xᵀ. A long w does
    /// not stay in the L1 cache; one pass over it for each example would take 1.6 times as long
    /// as one for four. Short rows go one by one, in the order of memory: from four places near to
    /// each other, nothing is fetched ahead, and X would arrive at half the speed.
    pub fn rows_by_rows(a: Rows, b: Rows, c: &mut [f64]) {
        for piece in b.pieces() {
            for (i, c) in c.chunks_exact_mut(b.count).enumerate() {
                let mut j = piece.start;
                while b.length > LONG && j + 4 <= piece.end {
                    four_dots(a.row(i), array::from_fn(|r| b.row(j + r)), &mut c[j..j + 4]);
                    j += 4;
                }
                while j < piece.end {
                    c[j] = dot(a.row(i), b.row(j));
                    j += 1;
                }
            }
        }
    }

    /// `C = A·B`, C row by row, over zeros: each row of C is a sum of rows of B.
    ///
    /// This is (A − Y)Xᵀ where X has its examples in one piece each: B is Xᵀ. Eight rows of B are
    /// added at a time, and the sums are fetched and stored an eighth as often; with four at a time
    /// it takes 1.1 times as long. Additions are in fours all the same.
    ///
    /// It is wᵀX, too, where X lies by rows. If they follow each other without a gap and are too many
    /// for the cache, they go one by one, in the order of memory: eight at a time take twice as long
    /// to arrive.
    pub fn rows_by_columns(a: Rows, b: Rows, c: &mut [f64]) {
        let stream = b.stride == b.length && b.count * b.length > FAR;
        for piece in b.pieces() {
            for (i, c) in c.chunks_exact_mut(b.length).enumerate() {
                let (a, mut k) = (a.row(i), piece.start);
                while !stream && k + 8 <= piece.end {
                    add_rows::<8>(c, &a[k..], array::from_fn(|r| b.row(k + r)));
                    k += 8;
                }
                while !stream && k + 4 <= piece.end {
                    add_rows::<4>(c, &a[k..], array::from_fn(|r| b.row(k + r)));
                    k += 4;
                }
                while k < piece.end {
                    let f = a[k];
                    for (c, b) in c.iter_mut().zip(b.row(k)) {
                        *c += f * b;
                    }
                    k += 1;
                }
            }
        }
    }
}

/// More numbers than this, 2 MiB of them, come from far away: few L2 caches hold so many.
const FAR: usize = 1 << 18;

/// A row of more numbers than this, 16 KiB of them, has no room in the L1 cache beside another.
const LONG: usize = 2048;

/// `Σ xᵢ yᵢ`, of slices of equal length.
#[inline(always)]
fn dot(x: &[f64], y: &[f64]) -> f64 {
    let ((xs, x), (ys, y)) = (x.as_chunks::<LANES>(), y.as_chunks::<LANES>());
    let mut sums = [0.0; LANES];
    for (x, y) in xs.iter().zip(ys) {
        sums = array::from_fn(|k| sums[k] + x[k] * y[k]);
    }
    finish(sums, x, y)
}

/// The [`dot`] of x with each of four y.
#[inline(always)]
fn four_dots(x: &[f64], y: [&[f64]; 4], z: &mut [f64]) {
    let (xs, x) = x.as_chunks::<LANES>();
    let y = y.map(|y| y.as_chunks::<LANES>());
    let ys = y.map(|(ys, _)| &ys[..xs.len()]);
    let mut sums = [[0.0; LANES]; 4];
    for (c, x) in xs.iter().enumerate() {
        for r in 0..4 {
            sums[r] = array::from_fn(|k| sums[r][k] + x[k] * ys[r][c][k]);
        }
    }
    for (r, sums) in sums.into_iter().enumerate() {
        z[r] = finish(sums, x, y[r].1);
    }
}

/// The rest of a dot product, after the last full chunk: four numbers at once, then at most three.
#[inline(always)]
fn finish(mut sums: [f64; LANES], x: &[f64], y: &[f64]) -> f64 {
    let (y, mut k) = (&y[..x.len()], 0);
    if x.len() >= 4 {
        for k in 0..4 {
            sums[k] += x[k] * y[k];
        }
        k = 4;
    }
    let mut sum = join(sums);
    while k < x.len() {
        sum += x[k] * y[k];
        k += 1;
    }
    sum
}

/// `c += Σ fᵣ bᵣ` over N rows b, a multiple of four; one addition to c for each four.
#[inline(always)]
fn add_rows<const N: usize>(c: &mut [f64], f: &[f64], b: [&[f64]; N]) {
    let f: [f64; N] = array::from_fn(|r| f[r]);
    let b = b.map(|b| &b[..c.len()]);
    for j in 0..c.len() {
        let term = |r: usize| f[r] * b[r][j];
        for r in (0..N).step_by(4) {
            c[j] += (term(r) + term(r + 1)) + (term(r + 2) + term(r + 3));
        }
    }
}

/// The eight sums in one. Looking back from the last addition, which is of two numbers, the compiler
/// would keep all sums in pairs and use half of each register, and a dot product would take 1.2 times
/// as long. So it is not let look through here.
#[inline(always)]
fn join(s: [f64; LANES]) -> f64 {
    let four: [f64; 4] = black_box(array::from_fn(|k| s[k] + s[k + 4]));
    (four[0] + four[2]) + (four[1] + four[3])
}
