//! The reader takes any text and answers; it never panics.

use proptest::prelude::*;
use suite::Sources;

fn look_at(text: &str) {
    for path in ["a.yaml", "muster.yaml", "muster.lock"] {
        let sources = Sources::from_iter([(path, text)]);
        let problems = suite::check(&sources);
        for problem in &problems {
            assert!(problem.line >= 1 && problem.column >= 1 && problem.width >= 1);
        }
        suite::render_all(&problems, &sources, true);
    }
    let _ = text.parse::<suite::Filter>();
    let _ = suite::duration::parse(text);
    let _ = suite::grammar::order::parse(text);
}

/// Words of the language, in any order and indentation, come further than random letters.
pub(crate) fn words() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "muster: v1\n",
        "suite: s\n",
        "priority: P1\n",
        "tests:\n",
        "- id: t\n",
        "steps:\n",
        "- http: GET /\n",
        "check:\n",
        "- body.a == 1\n",
        "save: { a: body.b }\n",
        "- websocket: /ws\n",
        "- send: chat\n",
        "repeat: { times: 3, index: i }\n",
        "as: crowd[i]\n",
        "users: { a: member }\n",
        "\t",
        "${",
        "}",
        "'",
        "\"",
        "ü",
        "🦀",
        "|\n",
        ">\n",
        "# x",
        ": ",
        "- ",
        "[",
        "]",
        "{",
        "}",
        "&a ",
        "*a ",
        "!t ",
        "\r\n",
        "environment: e\n",
        "services: { api: http://a }\n",
        "allow:\n",
        "- '*'\n",
        "gate: g\n",
        "tiers: { P1: { failed: '< 5%' } }\n",
    ]);
    let line =
        (0_usize..6, word).prop_map(|(indent, word)| format!("{}{word}", "  ".repeat(indent)));
    prop::collection::vec(line, 0..40).prop_map(|lines| lines.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn any_text_is_answered(text in any::<String>()) {
        look_at(&text);
    }

    #[test]
    fn any_arrangement_of_the_languages_words_is_answered(text in words()) {
        look_at(&text);
    }

    #[test]
    fn any_damage_to_a_good_suite_is_answered(at in 0_usize..4000, cut in 0_usize..40, put in any::<char>()) {
        let good = include_str!("files/blocks.yaml");
        let letters: Vec<char> = format!("muster: v1\nsuite: s\npriority: P1\n{good}").chars().collect();
        let at = at.min(letters.len());
        let end = (at + cut).min(letters.len());
        let damaged: String = letters[..at].iter().chain([&put]).chain(&letters[end..]).collect();
        look_at(&damaged);
    }
}
