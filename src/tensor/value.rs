//! [`Tensor`]: a matrix of `f64`, immutable and cheap to clone.

use std::fmt;
use std::ops::{Add, Div, Mul, Neg, Range, Sub};
use std::sync::Arc;

use super::kernels::{self, Rows};
use crate::activation::Activation;
use crate::error::mistake;

/// A matrix of `f64`, rows × columns. A number is 1×1, a column n×1, a row 1×m.
///
/// There is no rank 1, on purpose: where `(n,)` and `(n, 1)` may meet, they silently broadcast to
/// `(n, n)`. Entries never change, so clones, [`t`](Tensor::t) and [`columns`](Tensor::columns)
/// share them and copy nothing.
///
/// ```
/// use chainrule::tensor::Tensor;
/// let x = Tensor::new(2, 3, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
/// assert_eq!(x.shape(), (2, 3));
/// assert_eq!(x.t().columns(0..1).to_vec(), [1.0, 2.0, 3.0]);
/// ```
#[derive(Clone)]
pub struct Tensor {
    data: Data,
    /// Where entry (0, 0) lies in the data.
    start: usize,
    rows: usize,
    columns: usize,
    /// How far apart in the data two neighbours in a column lie; 0 repeats one row.
    row_stride: usize,
    /// How far apart in the data two neighbours in a row lie; 0 repeats one column.
    column_stride: usize,
}

#[derive(Clone)]
enum Data {
    /// Up to [`FEW`] numbers, in place: numbers and small matrices need no memory of their own.
    Few([f64; FEW]),
    Many(Arc<Vec<f64>>),
}

const FEW: usize = 4;

impl Data {
    fn numbers(&self) -> &[f64] {
        match self {
            Data::Few(numbers) => numbers,
            Data::Many(numbers) => numbers,
        }
    }
}

impl From<Vec<f64>> for Data {
    fn from(numbers: Vec<f64>) -> Data {
        let mut few = [0.0; FEW];
        match few.get_mut(..numbers.len()) {
            Some(place) => {
                place.copy_from_slice(&numbers);
                Data::Few(few)
            }
            None => Data::Many(Arc::new(numbers)),
        }
    }
}

impl Tensor {
    /// So many rows, columns and entries a matrix has at most, also one that stores a single number:
    /// any operation may have to write all entries, 16 GiB of them.
    pub const MOST: usize = 1 << 31;

    /// A matrix from its entries, row by row.
    ///
    /// # Panics
    /// If there are not `rows · columns` entries.
    #[track_caller]
    pub fn new(rows: usize, columns: usize, entries: Vec<f64>) -> Tensor {
        if Some(entries.len()) != rows.checked_mul(columns) {
            mistake(
                &format!("{} entries do not fill a ({rows}, {columns}) matrix", entries.len()),
                &[format!("{rows} x {columns} needs {} entries", rows as f64 * columns as f64)],
                "a matrix has one entry for each row and column",
                "give the entries row by row, and as many as rows x columns",
            )
        }
        count(rows, columns);
        Tensor::dense(rows, columns, Data::from(entries))
    }

    /// A matrix from its rows.
    ///
    /// ```
    /// use chainrule::tensor::Tensor;
    /// assert_eq!(Tensor::from_rows(&[[1.0, 2.0], [3.0, 4.0]]).get(1, 0), 3.0);
    /// ```
    ///
    /// # Panics
    /// If the rows differ in length.
    #[track_caller]
    pub fn from_rows(rows: &[impl AsRef<[f64]>]) -> Tensor {
        let columns = rows.first().map_or(0, |row| row.as_ref().len());
        let mut entries = memory(rows.len(), columns);
        for (i, row) in rows.iter().enumerate() {
            let row = row.as_ref();
            if row.len() != columns {
                mistake(
                    "rows of different lengths do not make a matrix",
                    &[format!("entries in row {i}: {}, in row 0: {columns}", row.len())],
                    "all rows of a matrix have the same length",
                    "complete the shorter row, or leave out the surplus",
                )
            }
            entries.extend_from_slice(row);
        }
        Tensor::dense(rows.len(), columns, Data::from(entries))
    }

    /// A matrix of zeros: [`filled`](Tensor::filled) with 0.
    #[track_caller]
    pub fn zeros(rows: usize, columns: usize) -> Tensor {
        Tensor::filled(rows, columns, 0.0)
    }

    /// A matrix in which every entry is `entry`; only one number is stored.
    ///
    /// # Panics
    /// If it would have more than [`MOST`](Tensor::MOST) entries.
    #[track_caller]
    pub fn filled(rows: usize, columns: usize, entry: f64) -> Tensor {
        count(rows, columns);
        let data = Data::Few([entry; FEW]);
        Tensor { data, start: 0, rows, columns, row_stride: 0, column_stride: 0 }
    }

    fn dense(rows: usize, columns: usize, data: Data) -> Tensor {
        Tensor { data, start: 0, rows, columns, row_stride: columns, column_stride: 1 }
    }

    /// A matrix of at most [`FEW`] entries, which the loops over slices would take longer to look at
    /// than to compute.
    #[inline(always)]
    fn few(rows: usize, columns: usize, entry: impl Fn(usize, usize) -> f64) -> Tensor {
        let mut numbers = [0.0; FEW];
        for i in 0..rows.min(FEW) {
            for j in 0..columns {
                numbers[i * columns + j] = entry(i, j);
            }
        }
        Tensor::dense(rows, columns, Data::Few(numbers))
    }

    /// A matrix whose entries `write` writes, row by row, over zeros.
    #[track_caller]
    pub(crate) fn written(rows: usize, columns: usize, write: impl FnOnce(&mut [f64])) -> Tensor {
        let count = rows * columns;
        if count <= FEW {
            let mut numbers = [0.0; FEW];
            write(&mut numbers[..count]);
            return Tensor::dense(rows, columns, Data::Few(numbers));
        }
        let mut numbers = memory(rows, columns);
        numbers.resize(count, 0.0);
        write(&mut numbers);
        Tensor::dense(rows, columns, Data::Many(Arc::new(numbers)))
    }

    /// What is no matrix: it has more rows than any.
    pub(super) const fn none() -> Tensor {
        let (data, rows) = (Data::Few([0.0; FEW]), usize::MAX);
        Tensor { data, start: 0, rows, columns: 0, row_stride: 0, column_stride: 0 }
    }

    pub(super) fn is_none(&self) -> bool {
        self.rows == usize::MAX
    }

    /// (rows, columns).
    pub fn shape(&self) -> (usize, usize) {
        (self.rows, self.columns)
    }

    /// The entry in row `row` and column `column`, both counted from 0.
    ///
    /// # Panics
    /// If there is no such entry.
    #[track_caller]
    pub fn get(&self, row: usize, column: usize) -> f64 {
        if row >= self.rows || column >= self.columns {
            mistake(
                &format!("no entry ({row}, {column}) in a {:?} matrix", self.shape()),
                &[],
                "rows and columns are counted from 0",
                "ask for a row and a column that are less than the shape's",
            )
        }
        self.at(row, column)
    }

    fn at(&self, row: usize, column: usize) -> f64 {
        self.data.numbers()[self.start + row * self.row_stride + column * self.column_stride]
    }

    /// All entries, row by row.
    #[track_caller]
    pub fn to_vec(&self) -> Vec<f64> {
        let mut all = memory(self.rows, self.columns);
        match self.packed() {
            Some(entries) if self.by_rows() => all.extend_from_slice(entries),
            _ => all.extend(self.entries()),
        }
        all
    }

    /// The transpose: (n, m) becomes (m, n). Copies nothing.
    pub fn t(&self) -> Tensor {
        Tensor {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self.clone()
        }
    }

    /// The columns of `range`: (n, m) becomes (n, range.len()). Copies nothing.
    ///
    /// # Panics
    /// If the range leaves the matrix.
    #[track_caller]
    pub fn columns(&self, range: Range<usize>) -> Tensor {
        if range.start > range.end || range.end > self.columns {
            mistake(
                &format!("no columns {range:?} in a {:?} matrix", self.shape()),
                &[],
                "columns are counted from 0, and the range's end is not included",
                &format!("stay within 0..{}", self.columns),
            )
        }
        let start = self.start + range.start * self.column_stride;
        Tensor { start, columns: range.len(), ..self.clone() }
    }

    /// `f` of every entry.
    ///
    /// ```
    /// use chainrule::tensor::Tensor;
    /// let x = Tensor::new(1, 2, vec![4.0, 9.0]);
    /// assert_eq!(x.map(f64::sqrt).to_vec(), [2.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn map(&self, f: impl Fn(f64) -> f64) -> Tensor {
        if self.rows * self.columns <= FEW {
            return Tensor::few(self.rows, self.columns, |i, j| f(self.at(i, j)));
        }
        match self.packed() {
            Some(x) => self.listed_like(|y| kernels::map(x, y, f)),
            None => self.to_rows().map(f),
        }
    }

    /// f and f′ of every entry.
    #[track_caller]
    pub(super) fn map_with_slope(&self, f: &impl Activation) -> (Tensor, Tensor) {
        let Some(x) = self.packed() else { return self.to_rows().map_with_slope(f) };
        let mut slope = Tensor::from(0.0);
        let y = self.written_like(|y| slope = self.written_like(|slope| f.f_df_all(x, y, slope)));
        (y, slope)
    }

    /// The matrix product: (n, k) · (k, m) = (n, m).
    ///
    /// # Panics
    /// If the inner sizes differ, or the product would have more than [`MOST`](Tensor::MOST)
    /// entries.
    #[track_caller]
    pub fn matmul(&self, right: &Tensor) -> Tensor {
        if self.columns != right.rows {
            chain_mistake(self, right)
        }
        let (rows, columns) = (self.rows, right.columns);
        if count(rows, columns) == 0 || self.columns == 0 {
            return Tensor::zeros(rows, columns);
        }
        if rows * columns <= FEW && self.columns < 4 {
            let sum = |i, j| (0..self.columns).fold(0.0, |c, k| c + self.at(i, k) * right.at(k, j));
            return Tensor::few(rows, columns, sum); // with the bits of the loops below
        }
        match (self.as_row_slices(), right.as_column_slices(), right.as_row_slices()) {
            (Some(a), Some(b), _) => {
                Tensor::written(rows, columns, |c| kernels::rows_by_rows(a, b, c))
            }
            (Some(a), _, Some(b)) => {
                Tensor::written(rows, columns, |c| kernels::rows_by_columns(a, b, c))
            }
            (None, ..) => self.to_rows().matmul(right),
            _ => self.matmul(&right.to_rows()),
        }
    }

    /// The sum of all entries; 0 if there are none.
    pub fn sum(&self) -> f64 {
        match self.packed() {
            Some(entries) => kernels::sum(entries),
            None => self.entries().fold(0.0, |sum, x| sum + x),
        }
    }

    /// The rows added together: (n, m) becomes (1, m).
    #[track_caller]
    pub fn sum_rows(&self) -> Tensor {
        Tensor::filled(1, self.rows, 1.0).matmul(self)
    }

    /// The columns added together: (n, m) becomes (n, 1).
    #[track_caller]
    pub fn sum_columns(&self) -> Tensor {
        self.t().sum_rows().t()
    }

    /// `aᵢ = e^zᵢ / Σ e^z` in each column: its entries as probabilities, which add up to 1. Adding the
    /// same number to all entries of a column changes nothing.
    ///
    /// ```
    /// use chainrule::tensor::Tensor;
    /// let z = Tensor::from_rows(&[[0.0, 1e4], [2f64.ln(), 1e4]]);
    /// assert_eq!(z.softmax().columns(1..2).to_vec(), [0.5, 0.5]);
    /// assert!((z.softmax().get(1, 0) - 2.0 / 3.0).abs() < 1e-15);
    /// ```
    #[track_caller]
    pub fn softmax(&self) -> Tensor {
        self.log_sum_exp().1
    }

    /// `ln Σ e^z` of each column, (1, m), and the [`softmax`](Tensor::softmax), which is its slope.
    ///
    /// The largest z is taken out, `ln Σ e^z = z₁ + ln(1 + Σ e^(z − z₁))`, the sum over the others: no
    /// power is above 1, and small ones lose no digits beside the 1 of the largest.
    #[track_caller]
    pub(super) fn log_sum_exp(&self) -> (Tensor, Tensor) {
        let (k, m) = self.shape();
        let mut logs = vec![f64::NEG_INFINITY; count(1, m)];
        let shares = Tensor::written(k, m, |shares| {
            for (j, log) in logs.iter_mut().enumerate().filter(|_| k > 0) {
                let z = |i| self.at(i, j);
                let first = (1..k).fold(0, |first, i| if z(i) > z(first) { i } else { first });
                let mut others = 0.0;
                for i in 0..k {
                    shares[i * m + j] = (z(i) - z(first)).exp();
                    others += if i == first { 0.0 } else { shares[i * m + j] };
                }
                *log = z(first) + f64::ln_1p(others);
                (0..k).for_each(|i| shares[i * m + j] /= 1.0 + others);
            }
        });
        (Tensor::new(1, m, logs), shares)
    }

    /// Whether `test` holds for every entry.
    pub(crate) fn all(&self, test: impl Fn(f64) -> bool) -> bool {
        match self.packed() {
            // Without a branch for each entry, for speed.
            Some(entries) => {
                let chunk = |chunk: &[f64]| chunk.iter().fold(true, |fine, &x| fine & test(x));
                entries.chunks(64).all(chunk)
            }
            None => self.entries().all(test),
        }
    }

    /// All entries, row by row.
    pub(crate) fn entries(&self) -> impl Iterator<Item = f64> + '_ {
        let rows = if self.columns == 0 { 0 } else { self.rows }; // which may be very many
        (0..rows).flat_map(move |i| (0..self.columns).map(move |j| self.at(i, j)))
    }

    /// Whether the entries lie in memory row by row, without gaps.
    fn by_rows(&self) -> bool {
        gapless((self.rows, self.row_stride), (self.columns, self.column_stride))
    }

    /// Whether the entries lie in memory column by column, without gaps.
    fn by_columns(&self) -> bool {
        gapless((self.columns, self.column_stride), (self.rows, self.row_stride))
    }

    /// Whether the entries of each column are neighbours in memory.
    pub(crate) fn columns_in_one_piece(&self) -> bool {
        self.row_stride == 1 || self.rows == 1
    }

    fn same_order(&self, other: &Tensor) -> bool {
        self.by_rows() && other.by_rows() || self.by_columns() && other.by_columns()
    }

    /// The entries as they lie in memory, by rows or by columns, if they lie there without gaps.
    fn packed(&self) -> Option<&[f64]> {
        match self.rows * self.columns {
            0 => Some(&[]),
            _ if !self.by_rows() && !self.by_columns() => None,
            count => Some(&self.data.numbers()[self.start..][..count]),
        }
    }

    /// The rows as they lie in memory, if the entries of each are neighbours there.
    fn as_row_slices(&self) -> Option<Rows<'_>> {
        self.as_slices((self.rows, self.row_stride), (self.columns, self.column_stride))
    }

    /// The columns as they lie in memory: the rows of the transpose.
    fn as_column_slices(&self) -> Option<Rows<'_>> {
        self.as_slices((self.columns, self.column_stride), (self.rows, self.row_stride))
    }

    /// Lines (their number and stride) of so many entries (and theirs).
    fn as_slices(
        &self,
        (count, stride): (usize, usize),
        (length, step): (usize, usize),
    ) -> Option<Rows<'_>> {
        let data = &self.data.numbers()[self.start..];
        let neighbours = length == 1 || step == 1;
        let apart = count == 1 || stride >= length;
        (neighbours && apart).then_some(Rows { data, stride: stride.max(length), count, length })
    }

    /// The same matrix, its entries row by row in memory.
    #[track_caller]
    fn to_rows(&self) -> Tensor {
        if self.by_rows() {
            return self.clone();
        }
        Tensor::written(self.rows, self.columns, |entries| {
            for (entry, x) in entries.iter_mut().zip(self.entries()) {
                *entry = x;
            }
        })
    }

    /// A matrix of this shape whose entries `write` writes in the order in which those of this one
    /// lie in memory.
    #[track_caller]
    fn written_like(&self, write: impl FnOnce(&mut [f64])) -> Tensor {
        match self.by_rows() {
            true => Tensor::written(self.rows, self.columns, write),
            false => Tensor::written(self.columns, self.rows, write).t(),
        }
    }

    /// The same, for entries that `list` appends to an empty list, which need no zeros before.
    #[track_caller]
    fn listed_like(&self, list: impl FnOnce(&mut Vec<f64>)) -> Tensor {
        let mut numbers = memory(self.rows, self.columns);
        list(&mut numbers);
        match self.by_rows() {
            true => Tensor::dense(self.rows, self.columns, Data::from(numbers)),
            false => Tensor::dense(self.columns, self.rows, Data::from(numbers)).t(),
        }
    }

    /// This matrix repeated to `shape`, if it may be: a 1×1 over anything, a row over rows, a
    /// column over columns. Copies nothing.
    pub(super) fn broadcast(&self, (rows, columns): (usize, usize)) -> Option<Tensor> {
        let down = self.rows == rows || self.rows == 1;
        let across = self.columns == columns || self.columns == 1;
        (down && across && possible(rows, columns)).then(|| Tensor {
            rows,
            columns,
            row_stride: if self.rows == rows { self.row_stride } else { 0 },
            column_stride: if self.columns == columns { self.column_stride } else { 0 },
            ..self.clone()
        })
    }

    /// Both matrices in one shape; one of them may be broadcast, not both.
    #[track_caller]
    pub(super) fn aligned(&self, other: &Tensor) -> (Tensor, Tensor) {
        if let Some(other) = other.broadcast(self.shape()) {
            return (self.clone(), other);
        }
        match self.broadcast(other.shape()) {
            Some(own) => (own, other.clone()),
            None => broadcast_mistake(self.shape(), other.shape()),
        }
    }

    /// `f` of the entries of both, which are broadcast if need be.
    #[track_caller]
    fn zip(&self, other: &Tensor, f: impl Fn(f64, f64) -> f64) -> Tensor {
        if self.shape() != other.shape() {
            let (x, y) = self.aligned(other);
            return x.zip(&y, f);
        }
        if self.rows * self.columns <= FEW {
            return Tensor::few(self.rows, self.columns, |i, j| f(self.at(i, j), other.at(i, j)));
        }
        match (self.packed(), other.packed()) {
            (Some(x), Some(y)) if self.same_order(other) => {
                self.listed_like(|z| kernels::zip(x, y, z, f))
            }
            _ => match (self.one_number(), other.one_number()) {
                (Some(x), _) => other.map(|y| f(x, y)),
                (_, Some(y)) => self.map(|x| f(x, y)),
                _ => self.to_rows().zip(&other.to_rows(), f),
            },
        }
    }

    /// The number that all entries are, if they share its place in memory.
    fn one_number(&self) -> Option<f64> {
        let down = self.rows == 1 || self.row_stride == 0;
        let across = self.columns == 1 || self.column_stride == 0;
        (down && across && self.rows * self.columns > 0).then(|| self.at(0, 0))
    }

    /// Adds `other`, of the same shape, in place where nobody else holds these entries.
    #[track_caller]
    pub(super) fn add_assign(&mut self, other: &Tensor) {
        if self.shape() != other.shape() {
            mistake(
                &format!("{:?} cannot be added into {:?}", other.shape(), self.shape()),
                &[],
                "a gradient has one entry for each entry of its value, hence the same shape",
                "give both the same shape; x + y makes a new matrix, and may broadcast",
            )
        }
        let own = self.start..self.start + self.rows * self.columns;
        let same_order = self.same_order(other);
        if let (Data::Many(numbers), Some(y), true) = (&mut self.data, other.packed(), same_order)
            && let Some(numbers) = Arc::get_mut(numbers)
            && let Some(x) = numbers.get_mut(own)
        {
            return kernels::add_to(x, y);
        }
        *self = &*self + other;
    }
}

/// Whether a matrix may have this shape. All arithmetic on sizes relies on it.
pub(super) fn possible(rows: usize, columns: usize) -> bool {
    let most = rows.max(1).checked_mul(columns.max(1)); // of rows, columns and entries
    most.is_some_and(|most| most <= Tensor::MOST)
}

/// The number of entries, for each shape that is new.
#[track_caller]
fn count(rows: usize, columns: usize) -> usize {
    if !possible(rows, columns) {
        too_large(rows, columns)
    }
    rows * columns
}

/// Memory for all entries, which the machine may refuse.
#[track_caller]
fn memory(rows: usize, columns: usize) -> Vec<f64> {
    let mut numbers = vec![];
    if numbers.try_reserve_exact(count(rows, columns)).is_err() {
        too_large(rows, columns)
    }
    numbers
}

#[cold]
#[track_caller]
fn too_large(rows: usize, columns: usize) -> ! {
    mistake(
        &format!("a ({rows}, {columns}) matrix is too large"),
        &[format!("at most {} rows, columns and entries, and what memory holds", Tensor::MOST)],
        "a matrix has one entry for each row and column",
        "look where these numbers come from; a difference may have gone below 0",
    )
}

/// Whether lines (their number and stride) of so many entries (and theirs) follow each other in
/// memory without gaps. Where there is one line, or one entry in each, a stride is never used.
fn gapless((lines, stride): (usize, usize), (length, step): (usize, usize)) -> bool {
    (length == 1 || step == 1) && (lines == 1 || stride == length)
}

impl From<f64> for Tensor {
    /// A number as a 1×1 matrix.
    fn from(number: f64) -> Tensor {
        Tensor::filled(1, 1, number)
    }
}

impl PartialEq for Tensor {
    fn eq(&self, other: &Tensor) -> bool {
        self.shape() == other.shape() && self.entries().eq(other.entries())
    }
}

/// Elementwise arithmetic, between matrices (one may be broadcast) and with plain numbers.
macro_rules! elementwise {
    ($Trait:ident, $method:ident, $operator:tt) => {
        operator! { $Trait, $method, &Tensor, &Tensor, |x, y| x.zip(y, |x, y| x $operator y) }
        operator! { $Trait, $method, &Tensor, f64, |x, y| x.map(|x| x $operator y) }
        operator! { $Trait, $method, f64, &Tensor, |x, y| y.map(|y| x $operator y) }
        operator! { $Trait, $method, Tensor, Tensor, |x, y| &x $operator &y }
        operator! { $Trait, $method, Tensor, &Tensor, |x, y| &x $operator y }
        operator! { $Trait, $method, &Tensor, Tensor, |x, y| x $operator &y }
        operator! { $Trait, $method, Tensor, f64, |x, y| &x $operator y }
        operator! { $Trait, $method, f64, Tensor, |x, y| x $operator &y }
    };
}

macro_rules! operator {
    ($Trait:ident, $method:ident, $X:ty, $Y:ty, |$x:ident, $y:ident| $result:expr) => {
        impl $Trait<$Y> for $X {
            type Output = Tensor;
            #[track_caller]
            fn $method(self, $y: $Y) -> Tensor {
                let $x = self;
                $result
            }
        }
    };
}
elementwise!(Add, add, +);
elementwise!(Sub, sub, -);
elementwise!(Mul, mul, *);
elementwise!(Div, div, /);

impl Neg for &Tensor {
    type Output = Tensor;
    #[track_caller]
    fn neg(self) -> Tensor {
        self.map(|x| -x)
    }
}

impl Neg for Tensor {
    type Output = Tensor;
    #[track_caller]
    fn neg(self) -> Tensor {
        -&self
    }
}

/// Up to this many rows and columns are printed.
const SHOWN: usize = 8;

impl fmt::Display for Tensor {
    /// Rows below each other, in aligned columns; the middle of a large matrix is left out and its
    /// shape is said.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |count: usize| {
            let left_out = if count > SHOWN { SHOWN / 2..count - SHOWN / 2 } else { 0..0 };
            (0..left_out.start).chain(left_out.end..count)
        };
        let gap = |count: usize, i: usize| count > SHOWN && i == SHOWN / 2 - 1;
        let cell = |i, j| format!("{:.6}", Compact(self.at(i, j)));
        let cells = shown(self.rows).flat_map(|i| shown(self.columns).map(move |j| (i, j)));
        let width = cells.map(|(i, j)| cell(i, j).len()).max().unwrap_or(0);
        for i in shown(self.rows) {
            write!(f, "{}[", if i == 0 { "[" } else { "\n " })?;
            for j in shown(self.columns) {
                let comma = if j + 1 < self.columns { ", " } else { "" };
                let dots = if gap(self.columns, j) { "..., " } else { "" };
                write!(f, "{:>width$}{comma}{dots}", cell(i, j))?;
            }
            write!(f, "]{}", if gap(self.rows, i) { "\n ..." } else { "" })?;
        }
        write!(f, "{}", if self.rows == 0 { "[]" } else { "]" })?;
        if self.rows > SHOWN || self.columns > SHOWN || self.rows * self.columns == 0 {
            write!(f, " ({} x {})", self.rows, self.columns)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tensor({} x {}) {self}", self.rows, self.columns)
    }
}

/// Shows a number with as many decimals as asked for, and in powers of ten where those would show
/// nothing of it.
pub(crate) struct Compact(pub f64);

impl fmt::Display for Compact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = f.precision().unwrap_or(6);
        let size = self.0.abs();
        let text = if size == 0.0 || (1e-3..1e5).contains(&size) || !size.is_finite() {
            format!("{:.decimals$}", self.0)
        } else {
            format!("{:.*e}", decimals.saturating_sub(2), self.0)
        };
        f.pad_integral(true, "", &text)
    }
}

#[track_caller]
fn chain_mistake(left: &Tensor, right: &Tensor) -> ! {
    let ((n, k), (l, m)) = (left.shape(), right.shape());
    let hint = if n == l {
        format!("left.t().matmul(right)  gives ({k}, {n}) x ({l}, {m}) = ({k}, {m})")
    } else if k == m {
        format!("left.matmul(right.t())  gives ({n}, {k}) x ({m}, {l}) = ({n}, {l})")
    } else if n == m {
        format!("right.matmul(left)  gives ({l}, {m}) x ({n}, {k}) = ({l}, {k})")
    } else {
        format!("one of the two needs another size: here {k} and {l} should be equal")
    };
    mistake(
        &format!("matmul shapes do not chain: ({n}, {k}) x ({l}, {m})"),
        &[format!("inner sizes {k} and {l} must be equal")],
        &format!("a row of the left meets a column of the right: here {k} with {l} entries"),
        &hint,
    )
}

#[track_caller]
fn broadcast_mistake(x: (usize, usize), y: (usize, usize)) -> ! {
    let outer = x.0 == 1 && y.1 == 1 || x.1 == 1 && y.0 == 1;
    let why = if outer {
        "both would be repeated: so does (m,) with (m, 1) become (m, m) elsewhere"
    } else {
        "only one is repeated: a 1x1, a row over rows, or a column over columns"
    };
    let hint = if outer {
        "transpose one with .t() for entry by entry, or .matmul() for all pairs".to_string()
    } else if x == (y.1, y.0) {
        format!("transpose one of them: .t() makes {y:?} of {:?}", (y.1, y.0))
    } else {
        "print both shapes where they are made; often a .t() or a sum is missing".to_string()
    };
    mistake(&format!("shapes do not fit entry by entry: {x:?} with {y:?}"), &[], why, &hint)
}
