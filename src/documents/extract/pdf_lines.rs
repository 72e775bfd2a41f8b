//! Lines of text out of glyphs with places, in the order in which they are drawn.
//!
//! That order is the reading order in what word processors, browsers and LaTeX make; sorting by place
//! would mix columns. A line ends where the next glyph does not follow along the baseline; a space is
//! a gap, a wide gap the border of a column.

use hayro_interpret::kurbo::{Affine, Point, Vec2};

use super::pdf_letters;

/// Gaps in sizes of the font: from here on a space, from there on a column.
pub(super) const SPACE: f64 = 0.12;
const COLUMN: f64 = 2.2;
/// A glyph may stand this far back (accents, kerning) and still follow.
const BACK: f64 = 0.7;
/// And this far above or below (indices) the baseline.
const OFF_BASELINE: f64 = 0.45;
/// A line longer than this (in bytes) ends: memory is for pages, not for one line.
const MAX_LINE: usize = 64 * 1024;

/// Where a glyph stands: along the baseline from `start` to `end`, `across` it upwards.
pub(super) struct Placed {
    direction: Vec2,
    start: f64,
    end: f64,
    across: f64,
    size: f64,
    furniture: bool,
}

impl Placed {
    /// From the transform of a glyph of `em` units and its advance. None for degenerate ones.
    pub(super) fn new(
        place: Affine,
        em: f64,
        advance: f64,
        vertical: bool,
        furniture: bool,
    ) -> Option<Self> {
        let origin = place * Point::ZERO;
        let along = place * Point::new(em, 0.0) - origin;
        let up = place * Point::new(0.0, em) - origin;
        // columns of vertical text run downwards
        let (along, size, advance) =
            if vertical { (-up, along.hypot(), em) } else { (along, up.hypot(), advance) };
        let length = along.hypot();
        if !(length.is_normal() && size.is_normal() && origin.is_finite()) {
            return None;
        }
        let direction = along / length;
        let start = origin.to_vec2().dot(direction);
        Some(Self {
            direction,
            start,
            end: start + (advance / em * length).clamp(0.0, 10.0 * length),
            across: direction.cross(origin.to_vec2()),
            size,
            furniture,
        })
    }
}

/// A line of text. Distances are in points.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) start: f64,
    pub(super) end: f64,
    /// The baseline's height; greater is further up.
    pub(super) across: f64,
    pub(super) size: f64,
    /// A header, footer or page number.
    pub(super) furniture: bool,
    direction: Vec2,
}

impl Line {
    /// Whether both run in the same direction.
    pub(super) fn is_parallel(&self, other: &Self) -> bool {
        self.direction.dot(other.direction) > 0.98
    }
}

#[derive(Default, Debug)]
pub(super) struct Lines {
    pub(super) lines: Vec<Line>,
}

impl Lines {
    pub(super) fn push(&mut self, at: &Placed, text: &str) {
        let follows = self.lines.last().is_some_and(|line| {
            let size = line.size.max(at.size);
            line.direction.dot(at.direction) > 0.98
                && (line.across - at.across).abs() < OFF_BASELINE * size
                && at.start > line.end - BACK * size
                && line.furniture == at.furniture
                && line.text.len() < MAX_LINE
        });
        if !follows {
            if text.trim().is_empty() {
                return;
            }
            self.lines.push(Line {
                text: String::new(),
                start: at.start,
                end: at.start,
                across: at.across,
                size: at.size,
                furniture: at.furniture,
                direction: at.direction,
            });
        }
        let Some(line) = self.lines.last_mut() else { return };
        let gap = (at.start - line.end) / line.size.max(at.size);
        let open = !line.text.is_empty() && !line.text.ends_with(' ');
        if gap > COLUMN && !line.text.is_empty() {
            line.text.truncate(line.text.trim_end().len());
            line.text.push_str(" | ");
        } else if gap > SPACE && open && !text.starts_with(' ') {
            line.text.push(' ');
        }
        if text.trim().is_empty() {
            if !line.text.ends_with(' ') {
                line.text.push(' ');
            }
        } else {
            for c in text.chars() {
                pdf_letters::append(c, &mut line.text);
            }
            // a small index does not make the line small
            if at.size > line.size {
                (line.size, line.across) = (at.size, at.across);
            }
            line.end = line.end.max(at.end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Lines, Placed};
    use hayro_interpret::kurbo::Affine;

    fn at(x: f64, y: f64) -> Placed {
        let place = Affine::translate((x, y)) * Affine::scale(10.0 / 1000.0);
        Placed::new(place, 1000.0, 500.0, false, false).unwrap()
    }

    #[test]
    fn gaps_become_spaces_and_columns() {
        let mut lines = Lines::default();
        for (x, y, c) in [
            (0.0, 0.0, "a"),
            (5.0, 0.0, "b"),
            (13.0, 0.0, "c"),
            (60.0, 0.0, "d"),
            (65.0, 3.0, "2"),
            (0.0, -12.0, "e"),
        ] {
            lines.push(&at(x, y), c);
        }
        let texts: Vec<_> = lines.lines.iter().map(|l| l.text.as_str()).collect();
        assert_eq!(texts, ["ab c | d2", "e"]);
    }

    #[test]
    fn rotated_text_is_read_along_its_own_baseline() {
        let mut lines = Lines::default();
        for (y, c) in [(0.0, "u"), (5.0, "p")] {
            let place = Affine::translate((50.0, y))
                * Affine::rotate(std::f64::consts::FRAC_PI_2)
                * Affine::scale(10.0 / 1000.0);
            lines.push(&Placed::new(place, 1000.0, 500.0, false, false).unwrap(), c);
        }
        assert_eq!(lines.lines.len(), 1);
        assert_eq!(lines.lines[0].text, "up");
        assert!(Placed::new(Affine::scale(0.0), 1000.0, 1.0, false, false).is_none());
    }
}
