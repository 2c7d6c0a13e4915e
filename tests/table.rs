//! Files of reports: how cells are converted, what is guessed, and what becomes of rows, whatever chunks they come in.
#![cfg(test)]

use call_outcomes::csv_file::amount::{self, DecimalMark};
use call_outcomes::csv_file::check::{Check, Settings};
use call_outcomes::csv_file::detect::detect;
use call_outcomes::csv_file::records::Records;
use call_outcomes::csv_file::time::{self, Style, Zone, offset_of};
use call_outcomes::csv_file::{Column, Content, Format, Target};
use call_outcomes::input::report::Rules;
use call_outcomes::problem::Code;
use call_outcomes::response::csv::{escape_formula, unescape_formula, write_line};
use serde_json::{Value, json};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The format that is detected, as JavaScript sees it.
fn format_of(content: Content, file: &str) -> Value {
    serde_json::to_value(detect(content, file.as_bytes(), true, None)).unwrap()
}

/// The summary of a check, as JavaScript sees it.
fn summary(check: &Check) -> Value {
    serde_json::to_value(check.summary()).unwrap()
}

#[test]
fn times_are_read_as_their_column_writes_them() {
    use Style::{DayFirst, Iso, MonthFirst, Unix};
    let seven = Ok("1435993200"); // 2015-07-04T07:00:00Z
    let none = Err(Code::CellTime);
    for (style, cell, expected) in [
        (Unix, "1435993200", seven),
        (Unix, "what the rules refuse", Ok("what the rules refuse")),
        (Iso, "2015-07-04T07:00:00Z", seven),
        (Iso, "2015-07-04 07:00", seven),
        (Iso, "2015-07-04T09:00+02:00", seven),
        (Iso, "2015-07-04T02:00:00-0500", seven),
        (Iso, "2015-07-04 09:00 +02", seven),
        (Iso, "2015/7/4 7:00", seven),
        (Iso, "2015-07-04t07:00:00.25z", Ok("1435993200250")),
        (Iso, "2015-07-04T07:00:00,123456789", Ok("1435993200123")),
        (Iso, "2015-07-04", Ok("1435968000")),
        (MonthFirst, "07/04/2015 07:00", seven),
        (MonthFirst, "7/4/2015, 7:00:00 AM", seven),
        (MonthFirst, "7/4/2015 12:00 am", Ok("1435968000")),
        (MonthFirst, "7/4/2015 12:30PM", Ok("1436013000")),
        (MonthFirst, "7/4/2015", Ok("1435968000")),
        (DayFirst, "04.07.2015 07:00", seven),
        (DayFirst, "4/7/2015 07:00:00", seven),
        (DayFirst, "4.7.2015", Ok("1435968000")),
        (Iso, "1970-01-01", Ok("0000000000")),
        // What no format has.
        (Iso, "1435993200", none),
        (Iso, "1969-12-31", none),
        (Iso, "2287-01-01", none),
        (Iso, "2015-02-29", none),
        (Iso, "15-07-04", none),
        (Iso, "2015-07-04 24:00", none),
        (Iso, "2015-07-04 7", none),
        (Iso, "2015-07-04 07:00 +25:00", none),
        (Iso, "2015-07-04 07:00 CET", none),
        (Iso, "2015-07.04", none),
        (Iso, "2015-07-04-01", none),
        (MonthFirst, "13/04/2015", none),
        (MonthFirst, "7.4.2015", none),
        (MonthFirst, "7/4/15", none),
        (MonthFirst, "7/4/2015 13:00 PM", none),
        (MonthFirst, "7/4/2015 0:30 AM", none),
        (DayFirst, "04.13.2015", none),
        (DayFirst, "42190", none),
        (DayFirst, "", none),
        (DayFirst, "é.é.é", none),
    ] {
        let time = time::read(cell, style, &Zone::default());
        assert_eq!(
            time.as_deref(),
            expected.as_ref().copied(),
            "{style:?} {cell:?}"
        );
    }
}

#[test]
fn times_of_a_zone_are_those_that_its_clocks_showed_once() {
    // Berlin in 2015: summer from 2015-03-29T01:00Z to 2015-10-25T01:00Z.
    let berlin = Zone::new(3_600, vec![(1_427_590_800, 7_200), (1_445_734_800, 3_600)]);
    for (cell, expected) in [
        ("2015-01-01 00:00", Ok("1420066800")),
        ("2015-07-04 09:00", Ok("1435993200")),
        ("2015-12-24 00:00", Ok("1450911600")),
        ("2015-03-29 01:59", Ok("1427590740")),
        ("2015-03-29 02:00", Err(Code::CellTimeSkipped)),
        ("2015-03-29 02:59", Err(Code::CellTimeSkipped)),
        ("2015-03-29 03:00", Ok("1427590800")),
        ("2015-10-25 01:59", Ok("1445731140")),
        ("2015-10-25 02:00", Err(Code::CellTimeRepeated)),
        ("2015-10-25 02:59", Err(Code::CellTimeRepeated)),
        ("2015-10-25 03:00", Ok("1445738400")),
        ("2015-10-25 02:30 +02:00", Ok("1445733000")),
        ("2015-10-25 02:30 +01:00", Ok("1445736600")),
    ] {
        let time = time::read(cell, Style::Iso, &berlin);
        assert_eq!(time.as_deref(), expected.as_ref().copied(), "{cell}");
    }
    let fixed = Zone::fixed(offset_of("-03:30").unwrap());
    let time = time::read("2015-07-04 03:30", Style::Iso, &fixed);
    assert_eq!(time.as_deref(), Ok("1435993200"));
    for text in ["", "+", "+1", "+1:00", "02:00", "+24:00", "+02:60", "UTC"] {
        assert_eq!(offset_of(text), None, "{text}");
    }
}

#[test]
fn amounts_are_read_with_their_columns_mark() {
    use DecimalMark::{Comma, Point};
    let none = Err(Code::CellAmount);
    for (mark, cell, expected) in [
        (Point, "1000.50", Ok("1000.50")),
        (Point, "1,000.50", Ok("1000.50")),
        (Point, "1,234,567", Ok("1234567")),
        (Point, "1 000", Ok("1000")),
        (Point, "1'000.5", Ok("1000.5")),
        (Comma, "1.000,50", Ok("1000.50")),
        (Comma, "1\u{202f}000,5", Ok("1000.5")),
        (Comma, "99,9", Ok("99.9")),
        (Comma, "1.000", Ok("1000")),
        (Comma, "100", Ok("100")),
        // Another mark than the column's, or no mark at all.
        (Point, "99,9", none),
        (Point, "1.000,50", none),
        (Point, "1,00,000", none),
        (Point, "1000,000", none),
        (Point, "1.2.3", none),
        (Point, "1,000 000", none),
        (Point, "1.", none),
        (Point, ".5", none),
        (Comma, "99.9", none),
        (Comma, "1,000.50", none),
        (Comma, "1,5,0", none),
        // What the rules refuse by a name of its own.
        (Point, "$5", Ok("$5")),
        (Comma, "-1,5", Ok("-1,5")),
        (Comma, "1e3", Ok("1e3")),
    ] {
        let amount = amount::read(cell, mark);
        assert_eq!(
            amount.as_deref(),
            expected.as_ref().copied(),
            "{mark:?} {cell:?}"
        );
    }
}

fn column(name: &str, format: Format) -> Column {
    let target = Target::find(Content::Reports, name).unwrap();
    Column { target, format }
}

fn columns() -> Vec<Option<Column>> {
    let start = Format::Time(Style::DayFirst, Zone::fixed(7_200));
    vec![
        Some(column("start_time_t", start)),
        Some(column("calling_phone_number", Format::Plain)),
        Some(column("outcome_name", Format::Plain)),
        Some(column("sale_amount", Format::Amount(DecimalMark::Comma))),
        None,
    ]
}

/// Good rows, bad rows, tally and fingerprint of a file in chunks of a length.
fn check(settings: Settings, file: &[u8], length: usize) -> (String, String, Value, String) {
    let mut check = Check::new(Content::Reports, settings, Rules::default(), 0);
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for chunk in file.chunks(length) {
        check.read(chunk);
        good.extend(check.take_good());
        bad.extend(check.take_bad());
    }
    check.finish();
    good.extend(check.take_good());
    bad.extend(check.take_bad());
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(good), text(bad), summary(&check), check.fingerprint())
}

const FILE: &str = "Start;Telefon;Outcome;Betrag;Notiz\r
04.07.2015 09:00;(888) 555-1212;Sale;1.000,50;\"x;\"\"y\"\"\r
z\"\r
\r
04.07.2015 09:00;1,89E+10;Sale;;=1+1\r
32.07.2015 09:00;+18885551212;;1,000.50;-1\r
04.07.2015 09:00;'+18885551212;Sale;;;;\r
too;few\r
04.07.2015 09:00;8885551212.0;Sale;;";

#[test]
fn a_file_is_checked_row_by_row_whatever_its_chunks() {
    let settings = || Settings::Csv(b';', columns());
    let (good, bad, tally, fingerprint) = check(settings(), FILE.as_bytes(), FILE.len());
    assert_eq!(
        good,
        "{\"row\":\"2\",\"search\":{\"start_time_t\":\"1435993200\",\"calling_phone_number\":\"+18885551212\"},\
         \"call_outcome\":{\"outcome_name\":\"Sale\",\"partner_unique_id\":\"\",\"sale_amount\":\"1000.5\"}}\n\
         {\"row\":\"7\",\"search\":{\"start_time_t\":\"1435993200\",\"calling_phone_number\":\"+18885551212\"},\
         \"call_outcome\":{\"outcome_name\":\"Sale\",\"partner_unique_id\":\"\"}}\n"
    );
    let damaged =
        "calling_phone_number was damaged by a spreadsheet (calling_phone_number.damaged)";
    assert_eq!(
        bad,
        format!(
            "\u{feff}Start;Telefon;Outcome;Betrag;Notiz;error\r\n\
             04.07.2015 09:00;\"1,89E+10\";Sale;;'=1+1;line 5: {damaged}\r\n\
             32.07.2015 09:00;'+18885551212;;\"1,000.50\";'-1;\"line 6: start_time_t does not match the time format of \
             its column (cell.time); outcome_name must be present (outcome_name.missing); sale_amount does not match \
             the decimal mark of its column (cell.amount)\"\r\n\
             too;few;line 8: the row has more or fewer cells than the header (row.cells)\r\n\
             04.07.2015 09:00;8885551212.0;Sale;;;line 9: {damaged}\r\n"
        )
    );
    assert_eq!(
        [&tally["rows"], &tally["good"], &tally["bad"]],
        [6, 2, 4],
        "{tally}"
    );
    let kinds: Vec<(&str, u64)> = tally["kinds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|kind| {
            (
                kind["code"].as_str().unwrap(),
                kind["count"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        kinds,
        [
            ("calling_phone_number.damaged", 2),
            ("cell.time", 1),
            ("outcome_name.missing", 1),
            ("cell.amount", 1),
            ("row.cells", 1),
        ]
    );
    assert_eq!(
        tally["first"][0],
        json!({"line": 5, "code": "calling_phone_number.damaged", "column": "Telefon", "cell": "1,89E+10",
               "message": "calling_phone_number was damaged by a spreadsheet"})
    );
    for length in [1, 2, 3, 7, 64] {
        let in_chunks = check(settings(), FILE.as_bytes(), length);
        assert_eq!(
            in_chunks,
            (
                good.clone(),
                bad.clone(),
                tally.clone(),
                fingerprint.clone()
            ),
            "{length}"
        );
    }
    let (.., other) = check(settings(), FILE.replace("Sale", "Quote").as_bytes(), 64);
    assert_ne!(other, fingerprint);
}

#[test]
fn bad_rows_that_were_corrected_are_read_again() {
    let (_, bad, ..) = check(Settings::Csv(b';', columns()), FILE.as_bytes(), 64);
    let corrected = bad
        .replace("1,89E+10", "8885551212")
        .trim_start_matches('\u{feff}')
        .to_owned();
    let columns = || [columns(), vec![None]].concat();
    let (good, bad, ..) = check(Settings::Csv(b';', columns()), corrected.as_bytes(), 64);
    assert_eq!(good.lines().count(), 1);
    let header = bad.lines().next().unwrap();
    assert_eq!(
        header, "\u{feff}Start;Telefon;Outcome;Betrag;Notiz;error",
        "one column for errors"
    );
    assert_eq!(bad.matches("line ").count(), 3, "{bad}");
}

#[test]
fn a_line_is_a_report() {
    let file = concat!(
        "{\"search\":{\"transaction_id\":\"a-1\"},\"call_outcome\":{\"outcome_name\":\"Sale\"}}\n\n",
        "{\"row\":\"mine\",\"search\":{\"transaction_id\":\"a-1\"},\"call_outcome\":{\"outcome_name\":\"Sale\"},\"oauth_token\":\"secret\"}\n",
        "{\"search\":{\"transaction_id\":\"not an id\"},\"call_outcome\":{\"outcome_name\":\"Sale\"}}\n",
        "{\"search\":{\"start_time_t\":5},\"call_outcome\":{\"outcome_name\":\"Sale\"}}\n",
        "{\"search\":\n",
        "{\"search\":{\"transaction_id\":\"a-1\"},\"call_outcome\":{\"outcome_name\":\"=Sale\"}}",
    );
    let (good, bad, tally, _) = check(Settings::Ndjson, file.as_bytes(), 5);
    let rows: Vec<Value> = good.lines().map(json).collect();
    assert_eq!(
        rows.iter().map(|row| &row["row"]).collect::<Vec<_>>(),
        ["1", "mine", "7"]
    );
    assert!(!good.contains("secret"));
    assert_eq!(tally["bad"], 3);
    let lines: Vec<&str> = bad.lines().collect();
    assert_eq!(lines[0], "\u{feff}line,report,error");
    assert!(
        lines[1].ends_with("line 4: transaction_id is invalid (transaction_id.format)"),
        "{bad}"
    );
    assert!(lines[2].contains("(start_time_t.format)"), "{bad}");
    assert!(lines[3].contains("(json.syntax)"), "{bad}");
    assert_eq!(tally["first"][1]["cell"], "5");
    assert_eq!(tally["kinds"][0]["code"], "key.unknown");
}

#[test]
fn what_is_no_text_or_too_large_is_a_row_and_not_the_file() {
    let row = "1435993200,+18885551212,Sale\n";
    let mut file = format!("start,phone,outcome\n{row}").into_bytes();
    file.extend(b"1435993200,+18885551212,Verk\xe4ufer\n");
    // A cell that ends within a character, and one that goes on with it.
    file.extend(b"1435993200,\xc3,\xa4\n");
    file.extend(format!("1435993200,\"{},Sale\n{row}", "x".repeat(70_000)).into_bytes());
    let columns = ["start_time_t", "calling_phone_number", "outcome_name"]
        .map(|name| Some(column(name, Format::Plain)))
        .to_vec();
    for length in [100, 1_000_000] {
        let settings = Settings::Csv(b',', columns.clone());
        let (good, bad, tally, _) = check(settings, &file, length);
        assert_eq!(good.lines().count(), 1);
        let codes: Vec<&Value> = tally["first"]
            .as_array()
            .unwrap()
            .iter()
            .map(|each| &each["code"])
            .collect();
        assert_eq!(codes, ["row.encoding", "row.encoding", "row.quote_open"]);
        assert!(
            bad.contains("Verk\u{fffd}ufer")
                && bad.contains("line 5: a quote opened at line 5")
                && bad.contains(row),
            "{bad}"
        );
    }
}

#[test]
fn a_line_that_is_too_large_is_a_row_and_not_the_file() {
    let report =
        "{\"search\":{\"transaction_id\":\"A\"},\"call_outcome\":{\"outcome_name\":\"Sale\"}}";
    let file = format!("{report}{}\n{report}\n", " ".repeat(70_000));
    for length in [100, 1_000_000] {
        let (good, _, tally, _) = check(Settings::Ndjson, file.as_bytes(), length);
        assert!(
            good.starts_with("{\"row\":\"2\"") && good.lines().count() == 1,
            "{good}"
        );
        assert_eq!(tally["first"][0]["code"], "row.too_large");
    }
}

#[test]
fn good_rows_can_be_set_aside_as_they_stand_with_their_confidence() {
    let aside = |settings: Settings, file: &str, length: usize| {
        let mut check = Check::new(Content::Reports, settings, Rules::default(), 0);
        let marked = [(0, "0.412"), (2, "0.05")].map(|(place, text)| (place, text.to_owned()));
        check.set_aside(marked.to_vec());
        let mut rows = Vec::new();
        for chunk in file.as_bytes().chunks(length) {
            check.read(chunk);
            rows.extend(check.take_bad());
        }
        check.finish();
        rows.extend(check.take_bad());
        assert!(check.take_good().is_empty());
        String::from_utf8(rows).unwrap()
    };
    let columns = || {
        vec![
            Some(column("transaction_id", Format::Plain)),
            Some(column("outcome_name", Format::Plain)),
            None,
        ]
    };
    for length in [1, 7, 1_000] {
        for last in ["error", "confidence"] {
            let file =
                format!("Id;Outcome;{last}\nA;Sale;x\nB;;x\nC;Sale;\nD;\"=1\n2\";x\nE;Sale;\n");
            assert_eq!(
                aside(Settings::Csv(b';', columns()), &file, length),
                "\u{feff}Id;Outcome;confidence\r\nA;Sale;0.412\r\nD;\"'=1\n2\";0.05\r\n",
                "{last} {length}"
            );
        }
        let report = |id: &str| {
            format!(
                "{{\"row\":\"own\",\"search\":{{\"transaction_id\":\"{id}\"}},\"call_outcome\":{{\"outcome_name\":\"Sale\"}}}}\n"
            )
        };
        let lines = [report("A"), "{\n".to_owned(), report("B"), report("C")].concat();
        let cell = |id: &str| report(id).trim_end().replace('"', "\"\"");
        assert_eq!(
            aside(Settings::Ndjson, &lines, length),
            format!(
                "\u{feff}line,report,confidence\r\n1,\"{}\",0.412\r\n4,\"{}\",0.05\r\n",
                cell("A"),
                cell("C")
            )
        );
    }
}

#[test]
fn what_is_kept_does_not_grow_with_the_file() {
    let mut check = Check::new(Content::Reports, Settings::Ndjson, Rules::default(), 0);
    for number in 0..20_000 {
        check.read(
            format!("{{\"key {number}\":1,\"search\":{{\"start_time_t\":{number}}}}}\n").as_bytes(),
        );
        check.take_good();
        check.take_bad();
    }
    let tally = summary(&check);
    let size = tally.to_string().len();
    assert!(size < 300_000, "{size}");
    let counted: u64 = tally["kinds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|kind| kind["count"].as_u64().unwrap())
        .sum();
    assert_eq!(counted, 60_000);
}

#[test]
fn a_file_is_guessed_from_its_first_rows() {
    let found = |file: &str| {
        let found = format_of(Content::Reports, file);
        let columns = found["columns"].as_array().unwrap();
        let columns = columns.iter().map(|column| {
            let holds = match column["parameter"].as_str() {
                Some("start_time_t" | "occurred_at_time_t") => &column["time"],
                Some("sale_amount") => &column["amount"],
                _ => &Value::Null,
            };
            json!([column["parameter"], holds["format"], holds["sure"]])
        });
        json!([
            found["kind"],
            found["delimiter"],
            columns.collect::<Vec<_>>()
        ])
    };
    for (file, expected) in [
        (
            FILE,
            json!([
                "csv",
                ";",
                [
                    ["start_time_t", "day-first", true],
                    [null, null, null],
                    ["outcome_name", null, null],
                    [null, null, null],
                    [null, null, null]
                ]
            ]),
        ),
        (
            "Call ID\tOutcome-Name\tSale Amout\ttransaction_id\nA\tSale\t1,000.00\tB\n",
            json!([
                "csv",
                "\t",
                [
                    ["transaction_id", null, null],
                    ["outcome_name", null, null],
                    ["sale_amount", "point", true],
                    [null, null, null]
                ]
            ]),
        ),
        (
            "start time|occurred\n7/4/2015|7/14/2015\n1/2/2015|1/2/2015\n",
            json!([
                "csv",
                "|",
                [
                    ["start_time_t", "month-first", false],
                    ["occurred_at_time_t", "month-first", true]
                ]
            ]),
        ),
        (
            "start time,occurred\n1435993200,2015-07-04T00:00Z\n",
            json!([
                "csv",
                ",",
                [
                    ["start_time_t", "unix", true],
                    ["occurred_at_time_t", "iso", true]
                ]
            ]),
        ),
        (" {\"search\":1}\n", json!(["ndjson", "", []])),
        ("", json!(["csv", ",", []])),
    ] {
        assert_eq!(found(file), expected, "{file}");
    }
}

#[test]
fn a_format_that_other_cells_contradict_is_not_sure() {
    let start = |rows: &str| {
        let file = format!("start_time_t\n{rows}\n");
        let found = format_of(Content::Calls, &file);
        let column = &found["columns"][0];
        let time = &column["time"];
        json!([
            time["format"],
            time["sure"],
            time["fits"],
            column["needs_zone"]
        ])
    };
    let both = json!(["month-first", "day-first"]);
    for (rows, expected) in [
        ("1/2/2015", json!(["month-first", false, both, true])),
        (
            "1/2/2015\n13/2/2015",
            json!(["day-first", true, both, true]),
        ),
        // Most are months first, but one cannot be.
        (
            "1/13/2015\n1/14/2015\n13/1/2015",
            json!(["month-first", false, both, true]),
        ),
        ("2015-07-04T07:00Z", json!(["iso", true, ["iso"], false])),
        ("2015-07-04 07:00", json!(["iso", true, ["iso"], true])),
        ("1435993200", json!(["unix", true, ["unix"], false])),
        ("yesterday", json!(["unix", false, [], false])),
    ] {
        assert_eq!(start(rows), expected, "{rows}");
    }
}

#[test]
fn the_columns_of_calls_are_known_by_their_names_and_others_are_a_hint() {
    let file = "Call ID,Start_Time_T,Dialed number,external call unique id,Durationinseconds,Notes,transaction_id\n";
    let found = format_of(Content::Calls, file);
    let columns: Vec<Value> = found["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| json!([column["parameter"], column["is_exact"]]))
        .collect();
    assert_eq!(
        columns,
        [
            json!(["transaction_id", false]),
            json!(["start_time_t", true]),
            json!(["destination_phone_number", false]),
            json!(["external_call_unique_id", true]),
            json!(["duration_in_seconds", false]),
            json!([null, false]),
            json!(["transaction_id", true]),
        ]
    );
}

fn call_columns(zone: Zone) -> Vec<Option<Column>> {
    let call = |name, format| {
        let target = Target::find(Content::Calls, name).unwrap();
        Some(Column { target, format })
    };
    vec![
        call("transaction_id", Format::Plain),
        call("start_time_t", Format::Time(Style::MonthFirst, zone)),
        call("calling_phone_number", Format::Plain),
        call("destination_phone_number", Format::Plain),
        None,
        None,
    ]
}

/// Good lines, bad rows and the check itself of a file of calls.
fn check_calls(settings: Settings, file: &[u8], strict: bool) -> (Vec<Value>, String, Check) {
    let rules = Rules {
        strict,
        ..Rules::default()
    };
    let mut check = Check::new(Content::Calls, settings, rules, 0);
    check.read(file);
    check.finish();
    let good = String::from_utf8(check.take_good()).unwrap();
    let bad = String::from_utf8(check.take_bad()).unwrap();
    (good.lines().map(json).collect(), bad, check)
}

#[test]
fn a_file_of_calls_is_checked_by_the_rules_of_an_import() {
    let file = "\
id,start,from,to,note,error\r
ab-1,7/4/2015 3:00 AM,(888) 555-1212,1.888.555.1213,\"=1;\r\n2\",\r
ab-2,7/4/2015 3:00 AM,1.89E+10,888555121.0,'=1,line 9: old\r
,32/1/2015,,,,\r
ab-3,7/4/2015 3:00 AM,,,,,stray\r
ab-4,7/4/2015 3:00 AM\r
ab-5,7/4/2015 3:00 AM +00:00,,,\u{fffd},\r
ab-6\u{fffd},7/4/2015 3:00 AM,,,,\r
";
    let zone = Zone::fixed(-14_400);
    let settings = || Settings::Csv(b',', call_columns(zone.clone()));
    let (good, bad, mut check) = check_calls(settings(), file.as_bytes(), true);
    assert_eq!(
        good,
        [
            json!({
                "line": 2,
                "cells": ["ab-1", "7/4/2015 3:00 AM", "(888) 555-1212", "1.888.555.1213", "=1;\r\n2", ""],
                "call": {"transaction_id": "AB-1", "start_time_t": "1435993200", "calling_phone_number": "+18885551212",
                         "destination_phone_number": "+18885551213"},
            }),
            json!({
                "line": 8,
                "cells": ["ab-5", "7/4/2015 3:00 AM +00:00", "", "", "\u{fffd}", ""],
                "call": {"transaction_id": "AB-5", "start_time_t": "1435978800"},
            }),
        ]
    );
    assert_eq!(
        bad,
        "\u{feff}id,start,from,to,note,error\r
ab-2,7/4/2015 3:00 AM,1.89E+10,888555121.0,'=1,\"line 4: calling_phone_number was damaged by a spreadsheet \
         (calling_phone_number.damaged); destination_phone_number is invalid (destination_phone_number.format)\"\r
,32/1/2015,,,,\"line 5: transaction_id or external_call_unique_id must be present (call.id_missing); start_time_t \
         does not match the time format of its column (cell.time)\"\r
ab-3,7/4/2015 3:00 AM,,,,,stray,line 6: the row has more or fewer cells than the header (row.cells)\r
ab-4,7/4/2015 3:00 AM,line 7: the row has more or fewer cells than the header (row.cells)\r
ab-6\u{fffd},7/4/2015 3:00 AM,,,,\"line 9: the row has bytes that are invalid in the file's encoding, or U+FFFD (row.encoding)\"\r
"
    );
    // What only the server knows goes the same way, and a cell as it stood means the same again.
    let cells: Vec<String> = serde_json::from_value(good[0]["cells"].clone()).unwrap();
    check.reject(2, &cells, "Validation failed: x");
    let rejected = check.take_bad();
    assert_eq!(
        std::str::from_utf8(&rejected).unwrap(),
        "ab-1,7/4/2015 3:00 AM,(888) 555-1212,1.888.555.1213,\"'=1;\r\n2\",line 2: Validation failed: x\r\n"
    );
    let (unzoned, bad, _) = check_calls(
        Settings::Csv(b',', call_columns(Zone::UNKNOWN)),
        file.as_bytes(),
        true,
    );
    assert_eq!(unzoned.len(), 1, "with an offset of its own");
    assert!(bad.contains("(cell.time_zone)"), "{bad}");
}

/// The good rows, the bad rows, the text that could not be cut into rows, and the summary of a file of calls in chunks of a
/// length.
fn read_calls(file: &[u8], columns: &[Option<Column>], length: usize) -> [String; 4] {
    let settings = Settings::Csv(b',', columns.to_vec());
    let mut check = Check::new(Content::Calls, settings, Rules::default(), 0);
    let [mut good, mut bad, mut unread] = [Vec::new(), Vec::new(), Vec::new()];
    for chunk in file.chunks(length).chain([&[][..]]) {
        if chunk.is_empty() {
            check.finish();
        }
        check.read(chunk);
        good.extend(check.take_good());
        bad.extend(check.take_bad());
        unread.extend(check.take_unread());
    }
    let text = |bytes| String::from_utf8(bytes).unwrap();
    [
        text(good),
        text(bad),
        text(unread),
        summary(&check).to_string(),
    ]
}

/// The columns of an id, a start, an external id, and one that is ignored.
fn id_columns() -> Vec<Option<Column>> {
    let call = |name| {
        let target = Target::find(Content::Calls, name).unwrap();
        let format = Format::Plain;
        Some(Column { target, format })
    };
    vec![
        call("transaction_id"),
        call("start_time_t"),
        call("external_call_unique_id"),
        None,
    ]
}

#[test]
fn rows_that_a_quote_takes_in_are_counted_and_kept_as_they_stood() {
    let header = "id,start,external,note\n";
    let row = |id: usize| format!("id-{id},1435993200,e-{id},n\n");
    let rows = |from: usize, to: usize| (from..=to).map(row).collect::<String>();
    let long = rows(10, 3_009);
    let open = |last: usize| {
        format!("a quote opened at line 3 is never closed; lines 3 to {last} were not loaded")
    };
    let merged = |last: usize| {
        format!(
            "a quote opened at line 3 is closed within a cell of line {last}; lines 3 to {last} were not loaded"
        )
    };
    let in_id = "id-2,1435993200,\"never,n\n";
    let in_note = "id-2,1435993200,e-2,\"never\n";
    let closing = "id-4,1435993200,\"e-4\",n\n";
    for (taken, behind, message, lines) in [
        (format!("{in_id}{}", rows(3, 4)), String::new(), open(5), 3),
        (
            format!("{in_note}{}", rows(3, 4)),
            String::new(),
            open(5),
            3,
        ),
        // Larger than a row may be.
        (format!("{in_id}{long}"), String::new(), open(3_003), 3_001),
        (
            format!("{in_id}id-3,1435993200,e-3,n"),
            String::new(),
            open(4),
            2,
        ),
        (
            format!("{in_note}{}{closing}", row(3)),
            row(5),
            merged(5),
            3,
        ),
        (
            format!("{in_note}{long}{closing}"),
            row(5),
            merged(3_004),
            3_002,
        ),
    ] {
        let file = format!("{header}{}{taken}{behind}", row(1));
        for length in [1, 7, 1_000, 1_000_000] {
            let [good, bad, unread, tally] = read_calls(file.as_bytes(), &id_columns(), length);
            let tally = json(&tally);
            assert!(unread.trim_end() == taken.trim_end(), "{message} {length}");
            let count = behind.lines().count() + 1;
            assert_eq!(good.lines().count(), count, "{message}");
            assert_eq!([&tally["good"], &tally["bad"]], [count, lines], "{message}");
            assert_eq!(tally["first"][0]["message"], message);
            assert!(bad.contains(&format!(",,,,\"line 3: {message}")), "{bad}");
        }
        // As it comes back, it fails again; once the quote is gone, every row is there.
        let [_, bad, unread, _] = read_calls(file.as_bytes(), &id_columns(), 1_000);
        let rejected = format!("{}{unread}", bad.trim_start_matches('\u{feff}'));
        let columns = [id_columns(), vec![None]].concat();
        let [good, _, again, _] = read_calls(rejected.as_bytes(), &columns, 1_000);
        assert_eq!(good, "", "{message}");
        assert!(again.trim_end() == unread.trim_end(), "{message}");
        let corrected = rejected.replace(",\"never", ",never");
        let [good, bad, ..] = read_calls(corrected.as_bytes(), &columns, 1_000);
        assert_eq!(good.lines().count(), lines, "{bad}");
    }
    // Between quotes that are closed where their cell ends, a text may have lines.
    let file = b"id,start,external,note\nid,1435993200,e,\"two\n\"\"lines\"\"\"\n";
    let [good, ..] = read_calls(file, &id_columns(), 5);
    assert_eq!(good.lines().count(), 1);
}

#[test]
fn a_row_of_calls_with_other_cells_than_the_header_fails_until_it_is_corrected() {
    let file = "id,start,external,note\na-1,1435993200\na-2,1435993200,e-2\na-3,1435993200,e,3,n\n,,,\n , ,\n";
    let [good, bad, _, tally] = read_calls(file.as_bytes(), &id_columns(), 100);
    let error = "the row has more or fewer cells than the header (row.cells)";
    let expected = format!(
        "id,start,external,note,error\r\na-1,1435993200,line 2: {error}\r\na-2,1435993200,e-2,line 3: {error}\r\n\
         a-3,1435993200,e,3,n,line 4: {error}\r\n"
    );
    let bad = bad.trim_start_matches('\u{feff}');
    assert_eq!((good.as_str(), bad), ("", expected.as_str()));
    assert_eq!(json(&tally)["rows"], 3, "rows without anything are none");
    let columns = [id_columns(), vec![None]].concat();
    let [good, again, ..] = read_calls(bad.as_bytes(), &columns, 100);
    assert_eq!(good, "");
    let cells = |text: &str| -> Vec<String> {
        let cells = text.lines().map(|line| line.split("line ").next().unwrap());
        cells.map(str::to_owned).collect()
    };
    assert_eq!(cells(again.trim_start_matches('\u{feff}')), cells(bad));
    // What stands in the place of the error is no error.
    let shifted = bad.replace(&format!(",line 4: {error}"), "");
    let [good, ..] = read_calls(shifted.as_bytes(), &columns, 100);
    assert_eq!(good, "");
    let corrected = bad
        .replace("1435993200,line 2", "1435993200,,,line 2")
        .replace("e-2,line", "e-2,,line")
        .replace("e,3,n", "e3,n");
    let [good, ..] = read_calls(corrected.as_bytes(), &columns, 100);
    assert_eq!(good.lines().count(), 3);
}

#[test]
fn what_programs_leave_in_the_cells_of_calls_is_refused() {
    let mut columns = id_columns();
    let target = Target::find(Content::Calls, "calling_phone_number").unwrap();
    let format = Format::Plain;
    columns[3] = Some(Column { target, format });
    let code_of = |cells: [&str; 4]| {
        let mut file = b"id,start,external,phone\n".to_vec();
        write_line(&mut file, b',', cells);
        let [good, _, _, tally] = read_calls(&file, &columns, 100);
        let code = json(&tally)["first"][0]["code"].as_str().map(str::to_owned);
        assert_eq!(good.is_empty(), code.is_some());
        code
    };
    let start = "1435993200";
    for (text, code) in [
        ("1.23E+14", "cell.number"),
        ("1,23E+14", "cell.number"),
        ("1e+16", "cell.number"),
        ("12345.0", "cell.number"),
        ("#N/A", "cell.placeholder"),
        ("#REF!", "cell.placeholder"),
        ("#NAME?", "cell.placeholder"),
        ("#####", "cell.placeholder"),
        ("NULL", "cell.placeholder"),
        ("null", "cell.placeholder"),
        ("None", "cell.placeholder"),
        (" nan ", "cell.placeholder"),
        ("KÃ¤ufer", "row.encoding"),
        ("KÃ\u{178}", "row.encoding"),
        ("K\u{84}ufer", "row.encoding"),
    ] {
        let expected = Some(code);
        assert_eq!(
            code_of([text, start, "", ""]).as_deref(),
            expected,
            "{text}"
        );
        assert_eq!(
            code_of(["", start, text, ""]).as_deref(),
            expected,
            "{text}"
        );
        if code == "cell.placeholder" {
            assert_eq!(
                code_of(["a", start, "", text]).as_deref(),
                expected,
                "{text}"
            );
        }
    }
    for text in ["a\nb", "a\u{200b}"] {
        let code = code_of(["", start, text, ""]);
        assert_eq!(code.as_deref(), Some("cell.unseen"), "{text}");
    }
    for text in [
        "1E10",
        "12E-4",
        "1.5",
        "#5",
        "Nullmann",
        "nano",
        "Käufer €",
        "Água",
        "üß",
    ] {
        assert_eq!(code_of(["", start, text, ""]), None, "{text}");
    }
    // A line has the same ids.
    for id in ["NULL", "1.23E+14", "a\\nb"] {
        let line = format!("{{\"external_call_unique_id\":\"{id}\",\"start_time_t\":1435993200}}");
        let (good, bad, _) = check_calls(Settings::Ndjson, line.as_bytes(), true);
        assert!(good.is_empty() && bad.contains("(cell."), "{bad}");
    }
    // Spaces around an id are no part of it.
    let line = "{\"external_call_unique_id\":\" x y\u{a0}\",\"start_time_t\":1435993200}";
    let (good, ..) = check_calls(Settings::Ndjson, line.as_bytes(), true);
    assert_eq!(good[0]["call"]["external_call_unique_id"], "x y");
    let file = "id,start,external,phone\n,1435993200, x y\u{a0},\n";
    let [good, ..] = read_calls(file.as_bytes(), &columns, 100);
    assert_eq!(json(&good)["call"]["external_call_unique_id"], "x y");
}

#[test]
fn a_date_is_no_start_of_a_call() {
    let missing = Some("cell.time_missing");
    for (style, cell, code) in [
        (Style::Iso, "2015-07-04", missing),
        (Style::MonthFirst, "7/4/2015", missing),
        (Style::DayFirst, "4.7.2015 ", missing),
        (Style::Iso, "2015-07-04 00:00", None),
        (Style::Iso, "2015-07-44", Some("cell.time")),
    ] {
        let mut columns = id_columns();
        let target = Target::find(Content::Calls, "start_time_t").unwrap();
        let format = Format::Time(style, Zone::default());
        columns[1] = Some(Column { target, format });
        let file = format!("id,start,external,note\na,{cell},,\n");
        let [.., tally] = read_calls(file.as_bytes(), &columns, 100);
        let found = &json(&tally)["first"][0]["code"];
        assert_eq!(found.as_str(), code, "{cell}");
    }
}

#[test]
fn what_a_spreadsheet_adds_to_a_header_is_no_column() {
    for (file, delimiter) in [
        ("sep=;\r\nid;start\r\nA;1,5\r\n", ";"),
        ("sep=,\nid,start\nA;B,1\n", ","),
        ("\"sep=|\"\nid|start\nA|1\n", "|"),
        ("id,start,,\nA,1,,\nB,2\n", ","),
    ] {
        let format = format_of(Content::Calls, file);
        let columns = format["columns"].as_array().unwrap();
        let names: Vec<&str> = columns
            .iter()
            .map(|column| column["name"].as_str().unwrap())
            .collect();
        assert_eq!(format["delimiter"], delimiter);
        assert_eq!(names, ["id", "start"], "{file}");
        let settings = Settings::Csv(delimiter.as_bytes()[0], id_columns()[..2].to_vec());
        let (_, bad, check) = check_calls(settings, file.as_bytes(), true);
        let header = bad.lines().next().unwrap().trim_start_matches('\u{feff}');
        assert_eq!(header, ["id", "start", "error"].join(delimiter), "{file}");
        let first = &summary(&check)["first"][0];
        assert_eq!(first["line"], if file.contains("sep=") { 3 } else { 2 });
        assert_ne!(first["code"], "row.cells", "{bad}");
    }
    // What holds something has a name, or is none of the header's.
    let named = format_of(Content::Calls, "id,start,\nA,1,x\n");
    assert_eq!(named["columns"].as_array().unwrap().len(), 3);
}

#[test]
fn a_line_is_a_call() {
    let file = concat!(
        "{\"transaction_id\":\"a-1\",\"start_time_t\":1435993200}\n",
        " {\"calling_phone\":\"x\",\"start_time_t\":1435993200.0, \"error\":\"line 9: old\"}\n",
        "nonsense \"\n",
        "{\"error\":\"old\"}\n",
        "{\"transaction_id\":\"a-2\",\"start_time_t\":\"1435993200123\",\"advertiser_id_from_network\":1,\"error\":\"old\"}",
    );
    let (good, bad, mut check) = check_calls(Settings::Ndjson, file.as_bytes(), true);
    let found: Vec<&Value> = good.iter().map(|line| &line["call"]).collect();
    let second = json!({"transaction_id": "A-2", "start_time_t": "1435993200123", "advertiser_id_from_network": "1"});
    assert_eq!(
        found,
        [
            &json!({"transaction_id": "A-1", "start_time_t": "1435993200"}),
            &second
        ]
    );
    let lines: Vec<Value> = bad.lines().map(json).collect();
    assert_eq!(
        bad.lines().next().unwrap(),
        "{\"calling_phone\":\"x\",\"start_time_t\":1435993200.0,\"error\":\"line 2: transaction_id or \
         external_call_unique_id must be present (call.id_missing); start_time_t is invalid (start_time_t.format); \
         calling_phone is not a known parameter (key.unknown)\"}"
    );
    assert_eq!(lines[1]["line"], "nonsense \"");
    assert!(lines[1]["error"].as_str().unwrap().contains("json.syntax"));
    assert_eq!(lines[2].as_object().unwrap().len(), 1);
    let cells: Vec<String> = serde_json::from_value(good[1]["cells"].clone()).unwrap();
    check.reject(5, &cells, "no");
    let rejected = json(std::str::from_utf8(&check.take_bad()).unwrap());
    assert_eq!(
        rejected,
        json!({"transaction_id": "a-2", "start_time_t": "1435993200123", "advertiser_id_from_network": 1,
               "error": "line 5: no"})
    );
    let (again, _, _) = check_calls(Settings::Ndjson, bad.as_bytes(), false);
    assert!(again.is_empty());
    let misspelt = "{\"transaction_id\":\"a\",\"start_time_t\":1435993200,\"durationinseconds\":5}";
    let (lenient, _, check) = check_calls(Settings::Ndjson, misspelt.as_bytes(), false);
    assert_eq!(lenient.len(), 1);
    assert_eq!(
        summary(&check)["kinds"][0]["first"][0]["message"],
        "durationinseconds is not a known parameter, did you mean duration_in_seconds?"
    );
}

#[test]
fn lines_are_counted_whatever_ends_them() {
    for file in ["a,b\n\n1\n2\n", "a,b\r\n\r\n1\r\n2\r\n", "a,b\r\r1\r2\r"] {
        let settings = Settings::Csv(b',', vec![None, None]);
        let (_, bad, ..) = check(settings, file.as_bytes(), 3);
        assert!(
            bad.contains("line 3: ") && bad.contains("line 4: "),
            "{bad}"
        );
    }
}

/// Cells as a line of CSV.
fn line(cells: &[&str]) -> Vec<u8> {
    let mut out = Vec::new();
    write_line(&mut out, b',', cells.iter().copied());
    out
}

#[test]
fn no_cell_of_a_line_is_a_formula_and_what_may_separate_is_quoted() {
    for (text, cell) in [
        ("=1", "'=1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@a", "'@a"),
        ("＝1", "'＝1"),
        ("＋1", "'＋1"),
        ("－1", "'－1"),
        ("＠a", "'＠a"),
        ("\ta", "\"'\ta\""),
        ("\na", "\"'\na\""),
        ("\ra", "\"'\ra\""),
        ("'=1", "''=1"),
        ("'a", "'a"),
        ("''", "''"),
        ("a;=1", "\"a;=1\""),
        ("a|b", "\"a|b\""),
        ("a\tb", "\"a\tb\""),
        ("a\rb", "\"a\rb\""),
        ("a\nb", "\"a\nb\""),
        ("a,\"b\"", "\"a,\"\"b\"\"\""),
        ("1", "1"),
    ] {
        let expected = format!("{cell},\r\n");
        assert_eq!(String::from_utf8(line(&[text, ""])).unwrap(), expected);
        assert_eq!(unescape_formula(&escape_formula(text)), text);
    }
    assert_eq!(line(&[""]), b"\"\"\r\n", "an empty line is passed over");
}

/// Texts of what CSV and spreadsheets take for something else, the same in every run.
fn random_rows() -> Vec<Vec<String>> {
    let alphabet: Vec<char> = "''=+-@\t\r\n＝＋－＠,;|\"a é\u{feff}".chars().collect();
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut below = |end: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state.checked_rem(u64::try_from(end).unwrap()).unwrap()).unwrap()
    };
    let mut text = || -> String {
        (0..below(6))
            .map(|_| alphabet[below(alphabet.len())])
            .collect()
    };
    (0..20_000)
        .map(|_| (0..3).map(|_| text()).collect())
        .collect()
}

#[test]
fn every_text_survives_being_written_and_read() {
    let rows = random_rows();
    for delimiter in [b',', b';', b'\t', b'|'] {
        let mut file = Vec::new();
        for row in &rows {
            write_line(&mut file, delimiter, row.iter().map(String::as_str));
        }
        let mut cells: Vec<Vec<String>> = Vec::new();
        let mut records = Records::new(delimiter);
        for chunk in file.chunks(1_000) {
            records.read(chunk, &mut |record| cells.push(record.lossy_cells()));
        }
        records.finish(&mut |record| cells.push(record.lossy_cells()));
        let texts = |row: &Vec<String>| -> Vec<String> {
            row.iter()
                .map(|cell| unescape_formula(cell).to_owned())
                .collect()
        };
        assert!(cells.iter().map(texts).eq(rows.iter().cloned()));
        // Another reader finds the same cells, and none that a spreadsheet would run.
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .from_reader(&file[..]);
        let others = reader.records().map(|row| row.unwrap());
        let others: Vec<Vec<String>> = others
            .map(|row| row.iter().map(str::to_owned).collect())
            .collect();
        assert_eq!(others, cells);
        let formula = |cell: &String| {
            cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
        };
        assert!(!cells.iter().flatten().any(formula));
    }
}

#[test]
fn a_bad_row_means_the_same_when_it_is_read_again() {
    let mut columns: Vec<_> = ["transaction_id", "outcome_name", "description"]
        .map(|name| Some(column(name, Format::Plain)))
        .to_vec();
    let texts: Vec<String> = random_rows()
        .concat()
        .into_iter()
        .filter(|text| !text.trim().is_empty())
        .take(5_000)
        .collect();
    let mut file = b"id;name;text\r\n".to_vec();
    for text in &texts {
        // Bad, as it names no call.
        write_line(&mut file, b';', ["", "Sale", text]);
    }
    let (_, bad, ..) = check(Settings::Csv(b';', columns.clone()), &file, 1_000);
    columns.push(None);
    let settings = || Settings::Csv(b';', columns.clone());
    let bad = bad.trim_start_matches('\u{feff}');
    let (good, bad, ..) = check(settings(), bad.as_bytes(), 1_000);
    assert_eq!(good, "");
    let corrected = bad.replace("\r\n;Sale;", "\r\nA;Sale;");
    let corrected = corrected.trim_start_matches('\u{feff}');
    let (good, ..) = check(settings(), corrected.as_bytes(), 1_000);
    let descriptions: Vec<Value> = good
        .lines()
        .map(|row| json(row)["call_outcome"]["description"].clone())
        .collect();
    assert_eq!(descriptions, texts);
}

#[test]
fn a_cell_is_judged_as_the_same_text_in_json() {
    let names = [
        "transaction_id",
        "start_time_t",
        "calling_phone_number",
        "duration_in_seconds",
        "outcome_name",
        "description",
        "sale_amount",
        "value",
        "custom_parameter_2",
    ];
    let columns: Vec<_> = names
        .iter()
        .map(|name| Some(column(name, Format::Plain)))
        .collect();
    let long = "x".repeat(5_000);
    for (at, text) in names.iter().enumerate().flat_map(|(at, _)| {
        [
            "\0",
            "a\0b",
            "\"\\\n\u{7f}",
            "-1",
            "1.005",
            "yes",
            &long,
            "ab-1",
            "😀",
        ]
        .map(|text| (at, text))
    }) {
        let mut cells = ["", "1435993200", "", "", "Sale", "", "", "", ""];
        cells[at] = text;
        let mut csv = b"header,,,,,,,,\n".to_vec();
        csv.extend(line(&cells));
        let section = |range: std::ops::Range<usize>| -> Value {
            let sent = range.filter(|at| !cells[*at].is_empty());
            sent.map(|at| (names[at].to_owned(), json!(cells[at])))
                .collect()
        };
        let report =
            json!({"row": "2", "search": section(0..4), "call_outcome": section(4..9)}).to_string();
        let (good, _, tally, _) = check(Settings::Csv(b',', columns.clone()), &csv, 10_000);
        let (same, _, other, _) = check(Settings::Ndjson, report.as_bytes(), 10_000);
        assert_eq!(good, same, "{} {text:?}", names[at]);
        let found = |tally: &Value| -> Vec<(String, String)> {
            let kinds = tally["kinds"].as_array().unwrap().iter();
            kinds
                .map(|kind| {
                    (
                        kind["code"].to_string(),
                        kind["first"][0]["message"].to_string(),
                    )
                })
                .collect()
        };
        assert_eq!(found(&tally), found(&other), "{} {text:?}", names[at]);
    }
}
