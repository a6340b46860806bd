//! Rules in files: whose word holds, and what is no rule.
//!
//! Nothing here asks what a rule finds.

use super::*;

#[test]
fn rules_are_added_and_changed_and_the_organisations_word_holds() {
    let organisation = "[[rule]]\nid = 'ours'\nseverity = 'high'\nlooks_at = 'commands'\npattern = '^frob '\n\
                        [[rule]]\nid = 'history-off'\nseverity = 'critical'\n";
    let person = "[[rule]]\nid = 'ours'\non = false\n[[rule]]\nid = 'history-off'\non = false\n\
                  [[rule]]\nid = 'metadata-read'\non = false\n";
    let scene = Scene::new(organisation, person);
    let set = scene.settings().rules.set().unwrap();
    assert!(set.hits("ours", "sudo frob x", &[]));
    assert!(set.hits("history-off", "history -c", &[]));
    assert!(set.rules().iter().all(|rule| rule.id != "metadata-read"));
    let overruled = scene.settings().rules.overruled;
    let overruled: Vec<_> = overruled
        .iter()
        .map(|place| scene.plain(&place.to_string()))
        .collect();
    assert_eq!(overruled, ["person.toml:1:1", "person.toml:4:1"]);

    let policy = format!("{organisation}[policy.rules]\npersonal = false\n");
    let set = Scene::new(&policy, person).settings().rules.set().unwrap();
    assert!(set.rules().iter().any(|rule| rule.id == "metadata-read"));
}

#[test]
fn what_is_no_rule_is_told_with_its_place() {
    check_person(
        "rule = 1",
        &["person.toml:1:8: \"rule\" is 1, expected rules, each behind [[rule]]"],
    );
    check_person(
        "[[rule]]\nid = 'x'\nseverty = 'high'\n",
        &["person.toml:3:1: unknown setting \"rule.severty\" (did you mean \"severity\"?)"],
    );
    check_person(
        "[[rule]]\nid = 'x'\nseverity = 'grave'\n",
        &[
            "person.toml:3:12: \"rule.severity\" is \"grave\", expected \"info\", \"low\", \"medium\", \"high\" or \"critical\"",
        ],
    );
    check_person(
        "[[rule]]\nid = 'x'\nseverity = 'low'\nlooks_at = 'lines'\npattern = '('\n",
        &[
            "person.toml:5:1: \"rule.pattern\" is wrong, expected a regular expression: unclosed group",
        ],
    );
    check_person(
        "[[rule]]\nid = 'x'\n",
        &[
            "person.toml:1:1: \"rule.severity\" is missing, expected info, low, medium, high or critical",
        ],
    );
    check_person(
        "[[rule]]\non = false\n",
        &[
            "person.toml:1:1: \"rule.id\" is missing, expected lower-case letters, digits and dashes",
        ],
    );
    check_person(
        "[[rule]]\nid = 'cut-short'\non = false\n\n[[rule]]\nid = 'cut-short'\non = true\n",
        &[
            "person.toml:5:1: \"rule.id\" is \"cut-short\", expected an id that no other rule of this file has",
        ],
    );
    check_person(
        "[[rule]]\nid = 'outside-hours'\nhours = 'all day'\n",
        &["person.toml:3:1: \"rule.hours\" is wrong, expected hours such as \"07:00-19:00\""],
    );
}
