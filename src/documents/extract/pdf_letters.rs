//! The letters that people mean where a font names others: ligatures are several letters, and the
//! radicals that browsers write into PDFs are the ideographs that look the same.

/// Ideographs for U+2E80 onwards (Unicode, EquivalentUnifiedIdeograph.txt).
const SUPPLEMENT: &str = "⺀厂乛乚乙亻冂𠘨刀刂卜㔾小尐兀尣尢𡯂巳幺彑彐忄心扌攵⺚旡日月歺母民氵氺灬爫爬丬牛\
     犭王𤴔目示礻𥫗糹纟罓罒㓁冗𦉫羊𦍌𦍋耂肀聿肉𦥑艹艺艻虎衤覀西见角𧢲讠贝𧾷车辶辷辸邑\
     钅長镸长门𨸏阝雨青韦页风飞食𩙿飠饣𩠐马骨鬼鱼鸟卤麦黄黾斉齐歯齿竜龙龜亀龟";
/// Ideographs for U+2F00 onwards (their compatibility decompositions).
const KANGXI: &str = "一丨丶丿乙亅二亠人儿入八冂冖冫几凵刀力勹匕匚匸十卜卩厂厶又口囗土士夂夊夕大女子宀\
     寸小尢尸屮山巛工己巾干幺广廴廾弋弓彐彡彳心戈戶手支攴文斗斤方无日曰月木欠止歹殳毋\
     比毛氏气水火爪父爻爿片牙牛犬玄玉瓜瓦甘生用田疋疒癶白皮皿目矛矢石示禸禾穴立竹米糸\
     缶网羊羽老而耒耳聿肉臣自至臼舌舛舟艮色艸虍虫血行衣襾見角言谷豆豕豸貝赤走足身車辛\
     辰辵邑酉釆里金長門阜隶隹雨靑非面革韋韭音頁風飛食首香馬骨高髟鬥鬯鬲鬼魚鳥鹵鹿麥麻\
     黃黍黑黹黽鼎鼓鼠鼻齊齒龍龜龠";
/// Letters for U+FB00 onwards.
const LIGATURES: [&str; 7] = ["ff", "fi", "fl", "ffi", "ffl", "st", "st"];

/// Arabic letters for U+FE80 onwards, one for each of its shapes; escaped, since editors reorder them.
const ARABIC: &str = "\
    \u{621}\u{622}\u{622}\u{623}\u{623}\u{624}\u{624}\u{625}\u{625}\u{626}\u{626}\
    \u{626}\u{626}\u{627}\u{627}\u{628}\u{628}\u{628}\u{628}\u{629}\u{629}\u{62a}\
    \u{62a}\u{62a}\u{62a}\u{62b}\u{62b}\u{62b}\u{62b}\u{62c}\u{62c}\u{62c}\u{62c}\
    \u{62d}\u{62d}\u{62d}\u{62d}\u{62e}\u{62e}\u{62e}\u{62e}\u{62f}\u{62f}\u{630}\
    \u{630}\u{631}\u{631}\u{632}\u{632}\u{633}\u{633}\u{633}\u{633}\u{634}\u{634}\
    \u{634}\u{634}\u{635}\u{635}\u{635}\u{635}\u{636}\u{636}\u{636}\u{636}\u{637}\
    \u{637}\u{637}\u{637}\u{638}\u{638}\u{638}\u{638}\u{639}\u{639}\u{639}\u{639}\
    \u{63a}\u{63a}\u{63a}\u{63a}\u{641}\u{641}\u{641}\u{641}\u{642}\u{642}\u{642}\
    \u{642}\u{643}\u{643}\u{643}\u{643}\u{644}\u{644}\u{644}\u{644}\u{645}\u{645}\
    \u{645}\u{645}\u{646}\u{646}\u{646}\u{646}\u{647}\u{647}\u{647}\u{647}\u{648}\
    \u{648}\u{649}\u{649}\u{64a}\u{64a}\u{64a}\u{64a}\
";

/// Appends a character to `text` as its letters; controls vanish.
pub(super) fn append(c: char, text: &mut String) {
    let nth = |table: &str, first: u32| {
        let index = usize::try_from(u32::from(c) - first).unwrap_or_default();
        table.chars().nth(index).unwrap_or(c)
    };
    match c {
        '\u{2e80}'..='\u{2ef3}' => text.push(nth(SUPPLEMENT, 0x2e80)),
        '\u{2f00}'..='\u{2fd5}' => text.push(nth(KANGXI, 0x2f00)),
        '\u{fb00}'..='\u{fb06}' => {
            let index = usize::try_from(u32::from(c) - 0xfb00).unwrap_or_default();
            text.push_str(LIGATURES.get(index).copied().unwrap_or_default());
        }
        '\u{fe80}'..='\u{fef4}' => text.push(nth(ARABIC, 0xfe80)),
        // lam with one of four alefs
        '\u{fef5}'..='\u{fefc}' => {
            let index = usize::try_from((u32::from(c) - 0xfef5) / 2).unwrap_or_default();
            text.push('\u{644}');
            text.extend(['\u{622}', '\u{623}', '\u{625}', '\u{627}'].get(index));
        }
        _ if c.is_control() => {}
        _ => text.push(c),
    }
}

/// Whether a script without spaces between words is written with this character.
pub(super) fn is_spaceless(c: char) -> bool {
    matches!(
        u32::from(c),
        0x2e80..=0x312f | 0x31a0..=0x9fff | 0xf900..=0xfaff | 0xff00..=0xffef | 0x20000..=0x3ffff
    )
}

#[cfg(test)]
mod tests {
    use super::append;

    #[test]
    fn radicals_and_ligatures_become_letters() {
        let mut text = String::new();
        for c in ['\u{2f00}', '\u{2f49}', '\u{2fd5}', '\u{2ef0}', '\u{fb03}', 'x', '\u{1}'] {
            append(c, &mut text);
        }
        assert_eq!(text, "一月龠龙ffix");
        text.clear();
        for c in ['\u{fe80}', '\u{fef4}', '\u{fefc}'] {
            append(c, &mut text);
        }
        assert_eq!(text, "\u{621}\u{64a}\u{644}\u{627}");
    }
}
