//! The bundler of the build script, tried on modules small enough to read.

#[path = "../build/bundle.rs"]
mod bundle;
#[path = "../build/page.rs"]
mod page;
#[path = "../build/scan.rs"]
mod scan;

fn joined(files: &[(&str, &str)]) -> Result<bundle::Bundle, String> {
    let read = |path: &str| {
        files.iter().find(|(name, _)| *name == path).map(|(_, text)| (*text).to_owned())
    };
    bundle::bundle("app.js", &read)
}

fn scanned(source: &str) -> String {
    scan::lines(source).into_iter().map(|line| line.text).collect::<Vec<_>>().join("\n")
}

#[test]
fn comments_go_and_strings_templates_and_patterns_stay() {
    let source = "/** Says. */\nconst a = \"// no\"; // yes\n  const b = /[/\"']\\//g.test(a) ? a / 2 : `x // ${a /* gone */} {\n    kept`;\n/* all\n of it */ const c = '/*';\n";
    let wanted = "const a = \"// no\";\nconst b = /[/\"']\\//g.test(a) ? a / 2 : `x // ${a } {\n    kept`;\nconst c = '/*';";
    assert_eq!(scanned(source), wanted);
}

#[test]
fn braces_inside_a_template_do_not_end_it() {
    let source = "const a = `${[{ x: 1 }].map(({ x }) => `<b>${x}</b>`)} // text`; // gone\n";
    assert_eq!(scanned(source), "const a = `${[{ x: 1 }].map(({ x }) => `<b>${x}</b>`)} // text`;");
}

#[test]
fn a_module_stands_before_those_that_use_it() {
    let files = [
        ("app.js", "import { one, two as deux } from \"./lib/a.js\";\nconsole.log(one, deux);\n"),
        (
            "lib/a.js",
            "import { base } from \"../base.js\";\nexport const one = base;\nexport async function two() {}\nconst rest = 3;\nexport { rest as three };\n",
        ),
        ("base.js", "export const base = 1;\n"),
    ];
    let script = joined(&files).unwrap().script;
    let wanted = "const m0=(()=>{\nconst base = 1;\nreturn{base}})();\n\
        const m1=(()=>{\nconst{base}=m0;\nconst one = base;\nasync function two() {}\nconst rest = 3;\n\nreturn{one,three:rest,two}})();\n\
        const m2=(()=>{\nconst{one,two:deux}=m1;\nconsole.log(one, deux);\nreturn{}})();\n";
    assert_eq!(script, wanted);
}

#[test]
fn what_is_loaded_later_is_noted_and_left_alone() {
    let files = [("app.js", "export function more() {\n  return import(\"/vendor/big.js\");\n}\n")];
    let bundle = joined(&files).unwrap();
    assert_eq!(bundle.lazy.get("vendor/big.js").map(String::as_str), Some("app.js:2"));
    assert!(bundle.modules.contains("app.js") && bundle.modules.len() == 1);
    assert!(bundle.script.contains("return import(\"/vendor/big.js\");"));
}

#[test]
fn what_is_ours_and_loaded_later_is_joined_and_borrows_from_the_bundle() {
    let files = [
        (
            "app.js",
            "import { base } from \"./base.js\";\nbase();\nexport const more = () => import(\"/far/page.js\");\n",
        ),
        ("base.js", "export const base = () => 1;\n"),
        (
            "far/page.js",
            "import { base } from \"../base.js\";\nimport { own } from \"./own.js\";\nexport const Page = base(own);\n",
        ),
        (
            "far/own.js",
            "export const own = 2;\nexport const late = () => import(\"/vendor/big.js\");\n",
        ),
    ];
    let bundle = joined(&files).unwrap();
    assert!(bundle.script.contains("import(\"/far/page.js\").then((part)=>part.open(m0))"));
    assert!(!bundle.script.contains("own"));
    assert_eq!(
        bundle.parts["far/page.js"],
        "let made;\nexport const open=(m0)=>made??=(()=>{\n\
         const m2=(()=>{\nconst own = 2;\nconst late = () => import(\"/vendor/big.js\");\nreturn{late,own}})();\n\
         const m3=(()=>{\nconst{base}=m0;\nconst{own}=m2;\nconst Page = base(own);\nreturn{Page}})();\n\
         return m3})();\n"
    );
    assert_eq!(bundle.lazy.get("vendor/big.js").map(String::as_str), Some("far/own.js:2"));
    assert!(bundle.modules.contains("far/own.js"));
}

#[test]
fn two_parts_share_nothing_but_the_bundle() {
    let app = "export const a = () => import(\"/one.js\");\nexport const b = () => import(\"/two.js\");\n";
    let shared = "import { x } from \"./shared.js\";\n";
    let files = [
        ("app.js", app),
        ("one.js", shared),
        ("two.js", shared),
        ("shared.js", "export const x = 1;\n"),
    ];
    let error = joined(&files).err().unwrap();
    assert_eq!(error, "two.js:1: shared.js belongs to one.js, another part");
    let files = [
        ("app.js", "export const a = () => import(\"/one.js\");\n"),
        ("one.js", "export const b = () => import(\"/two.js\");\n"),
        ("two.js", "export const c = 1;\n"),
    ];
    let error = joined(&files).err().unwrap();
    assert_eq!(error, "one.js:1: a part cannot load another one, two.js");
}

#[test]
fn what_is_not_understood_is_an_error_with_its_place() {
    for (text, place) in [
        ("\nexport default 1;", "app.js:2"),
        ("export let a = 1;", "app.js:1"),
        ("export * from \"./base.js\";", "app.js:1"),
        ("import * as all from \"./base.js\";", "app.js:1"),
        ("import { gone } from \"./base.js\";", "app.js:1: base.js does not export gone"),
        ("import { base } from \"base\";", "app.js:1: \"base\" is no relative path"),
        ("import \"./missing.js\";", "app.js:1: there is no missing.js"),
        ("const a = import(\"./base.js\");", "app.js:1: \"./base.js\" must be absolute"),
        (
            "import { base } from \"./base.js\";\nimport(\"/base.js\");",
            "app.js:2: base.js is in the bundle already",
        ),
        (
            "import { around } from \"./around.js\";",
            "app.js: imports itself by way of app.js -> around.js",
        ),
    ] {
        let files = [
            ("app.js", text),
            ("base.js", "export const base = 1;\n"),
            ("around.js", "import { x } from \"./app.js\";\n"),
        ];
        let error = joined(&files).err().unwrap_or_default();
        assert!(error.starts_with(place), "{text}: {error}");
    }
}

#[test]
fn the_page_names_one_stylesheet_and_every_script_with_its_hash() {
    let page = "<link rel=\"icon\" href=\"/i.svg\" />\n<link rel=\"stylesheet\" href=\"/a.css\" />\n<link rel=\"stylesheet\" href=\"/b.css\" />\n<script src=\"/boot.js\"></script>\n<script type=\"module\" src=\"/app.js\"></script>\n";
    assert_eq!(page::stylesheets(page), ["a.css", "b.css"]);
    assert_eq!(page::entry(page).as_deref(), Some("app.js"));
    let written = page::rewrite(page, &|_| Some("abc".to_owned())).unwrap();
    assert_eq!(
        written,
        "<link rel=\"icon\" href=\"/i.svg\" />\n<link rel=\"stylesheet\" href=\"/app.css?v=abc\" />\n<script src=\"/boot.js?v=abc\"></script>\n<script type=\"module\" src=\"/app.js?v=abc\"></script>\n"
    );
}

#[test]
fn stylesheets_are_joined_without_comments() {
    let sheets = [
        ("a.css".to_owned(), "/* a */\n.a {\n  color: red; /* b */\n}\n".to_owned()),
        ("b.css".to_owned(), ".b {}".to_owned()),
    ];
    assert_eq!(page::join_css(&sheets).unwrap(), ".a {\ncolor: red;\n}\n.b {}\n");
}
