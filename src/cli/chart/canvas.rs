//! Dots, eight to a character: U+2800 and a bit for each.

/// The bit of the dot in column `x % 2` and row `y % 4` of its character.
const BITS: [[u8; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

/// A drawing of braille characters. A character shows the dots of all series and the colour of the first.
pub(super) struct Canvas {
    columns: usize,
    cells: Vec<(u8, usize)>,
}

impl Canvas {
    pub(super) fn new(columns: usize, rows: usize) -> Self {
        Self { columns, cells: vec![(0, usize::MAX); columns * rows] }
    }

    /// Draws a straight line between two dots (Bresenham).
    pub(super) fn line(&mut self, from: (usize, usize), to: (usize, usize), series: usize) {
        let (mut x, mut y) = (from.0 as i64, from.1 as i64);
        let (end_x, end_y) = (to.0 as i64, to.1 as i64);
        let (wide, high) = ((end_x - x).abs(), -(end_y - y).abs());
        let (right, down) = ((end_x - x).signum(), (end_y - y).signum());
        let mut error = wide + high;
        loop {
            self.dot(x as usize, y as usize, series);
            if (x, y) == (end_x, end_y) {
                return;
            }
            let doubled = 2 * error;
            if doubled >= high {
                error += high;
                x += right;
            }
            if doubled <= wide {
                error += wide;
                y += down;
            }
        }
    }

    fn dot(&mut self, x: usize, y: usize, series: usize) {
        if x / 2 >= self.columns {
            return;
        }
        if let Some((bits, owner)) = self.cells.get_mut(y / 4 * self.columns + x / 2) {
            *bits |= BITS[x % 2][y % 4];
            *owner = series.min(*owner);
        }
    }

    /// One row of characters; `colour` says in which of 256 colours a series is drawn.
    pub(super) fn row(&self, row: usize, colour: impl Fn(usize) -> Option<u8>) -> String {
        let (mut text, mut current) = (String::new(), None);
        for &(bits, owner) in &self.cells[row * self.columns..(row + 1) * self.columns] {
            let wanted = if bits == 0 { None } else { colour(owner) };
            if wanted != current {
                text.push_str(&wanted.map_or("\x1b[0m".to_owned(), |colour| format!("\x1b[38;5;{colour}m")));
                current = wanted;
            }
            text.push(if bits == 0 { ' ' } else { char::from_u32(0x2800 + u32::from(bits)).unwrap_or(' ') });
        }
        if current.is_some() {
            text.push_str("\x1b[0m");
        }
        text
    }
}
