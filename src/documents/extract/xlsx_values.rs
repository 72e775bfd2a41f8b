//! Numbers of Excel as people see them: which are dates (ECMA-376 part 1, 18.8.30), and where a cell
//! stands.

use std::collections::HashMap;
use std::io::BufRead;

use super::xml::{Node, Xml};
use super::{Limits, Refusal};

/// Columns of a sheet, A to XFD.
const MAX_COLUMNS: usize = 16_384;
/// Days from 1899-12-30, the day 0 that makes Excel's count right from March 1900, to 1970-01-01.
const EPOCH_1900: i64 = 25_569;
/// Days from 1904-01-01 to 1970-01-01.
const EPOCH_1904: i64 = 24_107;

/// How cells of each style are shown.
#[derive(Default)]
pub(super) struct Formats {
    styles: Vec<Shape>,
    since_1904: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Shape {
    #[default]
    Number,
    Percent,
    Date,
    Time,
    DateTime,
}

impl Formats {
    pub(super) fn read<R: BufRead>(
        mut xml: Xml<R>,
        since_1904: bool,
        limits: &Limits,
    ) -> Result<Self, Refusal> {
        let mut custom: HashMap<u32, Shape> = HashMap::new();
        let mut styles = Vec::new();
        let mut in_cells = false;
        loop {
            match xml.next()? {
                Node::Start(tag) => match tag.name() {
                    "numFmt" => {
                        let id = tag.attr("numFmtId").and_then(|id| id.parse().ok());
                        if let Some((id, code)) = id.zip(tag.attr("formatCode")) {
                            custom.insert(id, shape_of(&code));
                        }
                    }
                    "cellXfs" => in_cells = true,
                    "xf" if in_cells => {
                        let id = tag.attr("numFmtId").and_then(|id| id.parse().ok());
                        let id: u32 = id.unwrap_or_default();
                        styles.push(custom.get(&id).copied().unwrap_or_else(|| built_in(id)));
                    }
                    _ => {}
                },
                Node::End(tag) if tag.name() == "cellXfs" => in_cells = false,
                Node::Eof => return Ok(Self { styles, since_1904 }),
                _ => {}
            }
            if styles.len() + custom.len() > limits.max_archive_entries.max(100_000) {
                return Err(Refusal::too_large("it has too many styles"));
            }
        }
    }

    /// A number as it is shown in a cell of this style; dates as ISO 8601.
    pub(super) fn shown(&self, value: &str, style: usize) -> String {
        let shape = self.styles.get(style).copied().unwrap_or_default();
        let Ok(number) = value.parse::<f64>() else { return value.to_owned() };
        match shape {
            Shape::Number => shortest(number),
            Shape::Percent => format!("{}%", shortest(number * 100.0)),
            _ => self.moment(number, shape).unwrap_or_else(|| shortest(number)),
        }
    }

    fn moment(&self, serial: f64, shape: Shape) -> Option<String> {
        if !(0.0..3_000_000.0).contains(&serial) {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "at most three million days")]
        let seconds = (serial * 86_400.0).round() as i64;
        let (days, time) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let epoch = if self.since_1904 { EPOCH_1904 } else { EPOCH_1900 };
        let (year, month, day) = civil(days - epoch);
        let date = format!("{year:04}-{month:02}-{day:02}");
        let (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60);
        let clock = match second {
            0 => format!("{hour:02}:{minute:02}"),
            _ => format!("{hour:02}:{minute:02}:{second:02}"),
        };
        Some(match shape {
            Shape::Time if days == 0 => clock,
            Shape::Time => format!("{}:{minute:02}", days * 24 + hour),
            Shape::Date if time == 0 => date,
            _ => format!("{date} {clock}"),
        })
    }
}

/// Fifteen digits, as Excel shows: 0.1 + 0.2 is 0.3.
fn shortest(number: f64) -> String {
    if number.fract().abs() < f64::EPSILON * number.abs() && number.abs() < 1e15 {
        return format!("{number:.0}");
    }
    let rounded: f64 = format!("{number:.14e}").parse().unwrap_or(number);
    rounded.to_string()
}

fn built_in(id: u32) -> Shape {
    match id {
        9 | 10 => Shape::Percent,
        14..=17 | 27..=31 | 34..=36 | 50..=54 | 57 | 58 => Shape::Date,
        18..=21 | 32 | 33 | 45..=47 | 55 | 56 => Shape::Time,
        22 => Shape::DateTime,
        _ => Shape::Number,
    }
}

/// What a format such as `[$-407]d. mmmm yyyy;@` shows, by its letters outside quotes and brackets.
fn shape_of(code: &str) -> Shape {
    let (mut date, mut time, mut percent) = (false, false, false);
    let (mut quoted, mut bracket) = (false, false);
    let mut chars = code.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => quoted = !quoted,
            _ if quoted => {}
            '\\' | '_' | '*' => {
                chars.next();
            }
            '[' => {
                bracket = true;
                // [h] counts hours beyond a day
                time |= chars.as_str().starts_with(['h', 'H', 'm', 's'])
                    && chars.as_str().chars().nth(1).is_some_and(|c| "hms]".contains(c));
            }
            ']' => bracket = false,
            ';' => break,
            _ if bracket => {}
            'd' | 'D' | 'y' | 'Y' => date = true,
            'h' | 'H' | 's' | 'S' => time = true,
            '%' => percent = true,
            _ => {}
        }
    }
    match (date, time) {
        (true, true) => Shape::DateTime,
        (true, false) => Shape::Date,
        (false, true) => Shape::Time,
        (false, false) if percent => Shape::Percent,
        (false, false) => Shape::Number,
    }
}

/// Year, month and day of a count of days since 1970-01-01 (Hinnant, `days_from_civil`, inverted).
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The column, from 0, of a reference such as `AB12`.
pub(super) fn column_of(reference: &str) -> Option<usize> {
    let letters = reference.bytes().take_while(u8::is_ascii_alphabetic);
    let column = letters.take(4).fold(0, |column, letter| {
        column * 26 + usize::from(letter.to_ascii_uppercase() - b'A') + 1
    });
    column.checked_sub(1).filter(|column| *column < MAX_COLUMNS)
}

#[cfg(test)]
mod tests {
    use super::{Formats, Shape, column_of, shape_of};

    #[test]
    fn formats_tell_dates_from_numbers() {
        assert_eq!(shape_of("[$-407]d. mmmm yyyy;@"), Shape::Date);
        assert_eq!(shape_of("yyyy-mm-dd hh:mm"), Shape::DateTime);
        assert_eq!(shape_of("[h]:mm"), Shape::Time);
        assert_eq!(shape_of("0.0%"), Shape::Percent);
        assert_eq!(shape_of("#,##0.00 \"days\""), Shape::Number);
        assert_eq!(shape_of("[Red]0.00"), Shape::Number);
    }

    #[test]
    fn numbers_and_moments_are_shown_as_excel_does() {
        let styles = vec![Shape::Number, Shape::Date, Shape::DateTime, Shape::Time, Shape::Percent];
        let formats = Formats { styles, since_1904: false };
        let shown = |value, style| formats.shown(value, style);
        assert_eq!(shown("0.30000000000000004", 0), "0.3");
        assert_eq!(shown("42", 0), "42");
        assert_eq!(shown("32084", 1), "1987-11-03");
        assert_eq!(shown("45351.5", 2), "2024-02-29 12:00");
        assert_eq!(shown("0.75", 3), "18:00");
        assert_eq!(shown("1.25", 3), "30:00");
        assert_eq!(shown("0.125", 4), "12.5%");
        assert_eq!(shown("1e99", 1), shown("1e99", 0));
        assert_eq!(shown("nonsense", 1), "nonsense");
    }

    #[test]
    fn columns_are_bounded() {
        assert_eq!(column_of("A1"), Some(0));
        assert_eq!(column_of("XFD9"), Some(16_383));
        assert_eq!(column_of("ZZZZ1"), None);
        assert_eq!(column_of("12"), None);
    }
}
