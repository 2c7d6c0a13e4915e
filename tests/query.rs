//! Which switches and parameters each operation takes, whichever way they are spelt.
#![cfg(test)]

use call_outcomes::input::query::{Operation, Query, SWITCHES};
use call_outcomes::model::confidence::Confidence;
use call_outcomes::problem::Code;

const WRITING: [Operation; 3] = [Operation::Report, Operation::Batch, Operation::Import];

fn read(operation: Operation, name: &str, value: &str) -> Query {
    Query::read(operation, [(name, value)])
}

/// The codes of problems and warnings with their pointers, and what to write instead.
fn told(query: &Query) -> Vec<(Code, &str, Option<&str>)> {
    query
        .problems
        .iter()
        .chain(&query.warnings)
        .map(|problem| {
            (
                problem.code,
                problem.pointer.as_str(),
                problem.fix.as_deref(),
            )
        })
        .collect()
}

#[test]
fn a_switch_is_honoured_or_refused() {
    for operation in Operation::ALL {
        for switch in SWITCHES {
            let query = read(operation, switch, "1");
            let is_taken = operation.switches().contains(&switch);
            assert_eq!(query.is_on(switch), is_taken, "{operation:?} {switch}");
            let pointer = format!("?{switch}");
            let expected = match operation {
                _ if is_taken => vec![],
                Operation::Server => vec![(Code::QueryUnknown, pointer.as_str(), None)],
                _ => vec![(Code::QueryUnsupported, pointer.as_str(), None)],
            };
            assert_eq!(told(&query), expected, "{operation:?} {switch}");
            // A threshold has a value, and 0 is one.
            if switch == "min_confidence" && is_taken {
                assert_eq!(query.min_confidence, Confidence::parse("1"));
                continue;
            }
            for off in ["false", "0"] {
                let query = read(operation, switch, off);
                assert!(!query.is_on(switch) && query.problems.is_empty());
            }
        }
    }
}

#[test]
fn a_threshold_is_read_or_refused() {
    let thresholds = [
        ("0", 0),
        ("1", 1_000),
        ("0.0", 0),
        ("1.000", 1_000),
        ("0.95", 950),
        ("0.5", 500),
        ("0.001", 1),
        (" 0.95 ", 950),
    ];
    let malformed = [
        "", " ", "x", "true", "false", "1.1", "1.001", "2", "-0", "-0.5", "+0.5", "0.9999", "0.",
        ".5", "5e-1", "0,95", "00.5", "95%", "NaN", "inf", "\u{0661}", "0.9 5", "0.5.0",
    ];
    for operation in [Operation::Report, Operation::Batch] {
        for name in ["min_confidence", "Min-Confidence", "minConfidence"] {
            for (value, thousandths) in thresholds {
                let query = read(operation, name, value);
                let expected = Some(Confidence::of_thousandths(thousandths));
                assert_eq!(query.min_confidence, expected, "{name}={value}");
                assert_eq!(told(&query), [], "{name}={value}");
            }
            let pointer = format!("?{name}");
            for value in malformed {
                let query = read(operation, name, value);
                assert_eq!(query.min_confidence, None, "{name}={value}");
                let refused = (Code::MinConfidenceFormat, pointer.as_str(), None);
                assert_eq!(told(&query), [refused], "{name}={value}");
            }
        }
        assert_eq!(Query::read(operation, []).min_confidence, None);
    }
    for operation in [Operation::Import, Operation::Read, Operation::Export] {
        for value in ["0.95", "1", "x", ""] {
            let query = read(operation, "min_confidence", value);
            assert_eq!(query.min_confidence, None);
            let refused = (Code::QueryUnsupported, "?min_confidence", None);
            assert_eq!(told(&query), [refused], "{operation:?} {value}");
        }
    }
}

#[test]
fn no_spelling_of_a_dry_run_stores() {
    let spellings = [
        "validate_only",
        "VALIDATE_ONLY",
        "validateOnly",
        "Validate-Only",
        "validate only",
        " validate_only",
        "validate_only[]",
        "?validate_only",
        "validate_only\0",
        "validate%5Fonly",
        "validate%255Fonly",
        "validate_onyl",
        "validate_onl",
        "valdate_only",
        "only_validate",
    ];
    for operation in WRITING {
        for name in spellings {
            for value in ["true", "1", "", "FALSE", "no", "off"] {
                let query = read(operation, name, value);
                let is_refused = query
                    .problems
                    .iter()
                    .any(|problem| problem.code == Code::QueryUnsupported);
                assert!(query.is_on("validate_only") != is_refused, "{name}={value}");
            }
        }
        let misspelt = read(operation, "validate_onyl", "1");
        let fix = Some("validate_only");
        assert_eq!(
            told(&misspelt),
            [(Code::QueryUnsupported, "?validate_onyl", fix)]
        );
        for value in [
            "1;validate_only=1",
            "1?validate_only=true",
            "1,Validate-Only",
        ] {
            for name in ["strict", "x"] {
                let query = read(operation, name, value);
                let codes: Vec<Code> = query.problems.iter().map(|problem| problem.code).collect();
                assert_eq!(codes, [Code::QueryUnsupported], "{name}={value}");
            }
        }
        let both = Query::read(operation, [("validate_only", "1"), ("validate_only", "0")]);
        assert!(both.is_on("validate_only"));
    }
}

#[test]
fn other_parameters_are_a_warning() {
    let cases = [
        (Operation::Report, "explian", Some("explain")),
        (Operation::Report, "source", None),
        (Operation::Import, "explian", None),
        (Operation::Read, "transaction-id", Some("transaction_id")),
        (Operation::Read, "id", None),
        (Operation::Export, "From", Some("from")),
        (Operation::Export, "form", None),
        (
            Operation::Export,
            "start_after_transacton_id",
            Some("start_after_transaction_id"),
        ),
        (Operation::Server, "x", None),
    ];
    for (operation, name, fix) in cases {
        let pointer = format!("?{name}");
        let query = read(operation, name, "1");
        assert_eq!(told(&query), [(Code::QueryUnknown, pointer.as_str(), fix)]);
    }
    for operation in Operation::ALL {
        for name in operation.parameters() {
            assert_eq!(told(&read(operation, name, "1")), []);
        }
        assert_eq!(told(&read(operation, "", "")), []);
    }
}

#[test]
fn a_long_query_is_not_answered_at_length() {
    let names: Vec<String> = (0..1_000).map(|at| format!("x{at}")).collect();
    let pairs = names.iter().map(|name| (name.as_str(), ""));
    let query = Query::read(Operation::Report, pairs.clone());
    assert_eq!(query.warnings.len(), 20);
    let switches = std::iter::repeat_n(("min_confidence", "1"), 1_000);
    let query = Query::read(Operation::Import, switches);
    assert_eq!(query.problems.len(), 20);
}

#[test]
fn a_threshold_is_a_decimal_from_0_to_1() {
    for (value, expected) in [
        ("0.95", Some(950)),
        ("0", Some(0)),
        (" 1 ", Some(1_000)),
        ("", None),
        ("true", None),
        ("false", None),
        ("1.1", None),
        ("0.9999", None),
    ] {
        let query = read(Operation::Report, "min_confidence", value);
        assert_eq!(
            query.min_confidence.map(Confidence::thousandths),
            expected,
            "{value:?}"
        );
        let codes: Vec<Code> = query.problems.iter().map(|problem| problem.code).collect();
        let refused = [Code::MinConfidenceFormat];
        assert_eq!(
            codes,
            &refused[..usize::from(expected.is_none())],
            "{value:?}"
        );
    }
}
