//! Made-up text whose words are as unevenly common as those of a language (Zipf): the commonest stands
//! in most messages, most words stand in very few. The same seed gives the same text on every machine.

use std::collections::HashSet;

/// Words of the language.
const VOCABULARY: usize = 50_000;
/// Ranks that share the top (Mandelbrot's correction of Zipf's law).
const FLATTENED: f64 = 2.7;

/// A source of numbers that look random (xorshift64*).
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    /// The same seed, the same numbers.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below a bound.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() >> 33) as usize % bound
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// The language.
#[derive(Debug)]
pub struct Words {
    list: Vec<String>,
    cumulative: Vec<f64>,
}

impl Words {
    /// Makes it.
    pub fn new() -> Self {
        let mut dice = Dice::new(7);
        let mut known = HashSet::new();
        let mut list = Vec::with_capacity(VOCABULARY);
        while list.len() < VOCABULARY {
            let syllables = match list.len() {
                0..50 => 1,
                50..2000 => 2,
                _ => 2 + dice.below(2),
            };
            let word: String = (0..syllables).map(|_| syllable(&mut dice)).collect();
            if known.insert(word.clone()) {
                list.push(word);
            }
        }
        let mut sum = 0.0;
        let weights = (0..VOCABULARY).map(|rank| {
            sum += 1.0 / (rank as f64 + FLATTENED);
            sum
        });
        let cumulative = weights.collect();
        Self { list, cumulative }
    }

    /// The word of this rank, the commonest first.
    pub fn of_rank(&self, rank: usize) -> &str {
        &self.list[rank]
    }

    /// A word by chance, as often as its rank deserves.
    fn any(&self, dice: &mut Dice) -> &str {
        let point = dice.unit() * self.cumulative[VOCABULARY - 1];
        let rank = self.cumulative.partition_point(|sum| *sum < point);
        &self.list[rank.min(VOCABULARY - 1)]
    }

    /// So many words, with full stops.
    pub fn text(&self, dice: &mut Dice, words: usize) -> String {
        let mut text = String::with_capacity(words * 7);
        for n in 1..=words {
            text.push_str(self.any(dice));
            text.push_str(match n {
                n if n == words => ".",
                n if n % 40 == 0 => ".\n\n",
                n if n % 11 == 0 => ". ",
                _ => " ",
            });
        }
        text
    }
}

fn syllable(dice: &mut Dice) -> String {
    const ONSETS: [&str; 22] = [
        "b", "c", "d", "f", "g", "h", "j", "l", "m", "n", "p", "r", "s", "t", "v", "w", "st", "tr",
        "pl", "gr", "sh", "ch",
    ];
    const VOWELS: [&str; 8] = ["a", "e", "i", "o", "u", "ea", "ou", "ai"];
    const CODAS: [&str; 8] = ["", "", "", "n", "r", "l", "t", "m"];
    let pick = |from: &[&'static str], dice: &mut Dice| from[dice.below(from.len())];
    format!("{}{}{}", pick(&ONSETS, dice), pick(&VOWELS, dice), pick(&CODAS, dice))
}
