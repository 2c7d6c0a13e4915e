//! Files of reports: how cells are converted, what is guessed, and what becomes of rows, whatever chunks they come in.
#![cfg(test)]

use call_outcomes::problem::Code;
use call_outcomes::request::Rules;
use call_outcomes::table::amount::{self, Mark};
use call_outcomes::table::check::{Check, Settings, to_csv};
use call_outcomes::table::guess::guess;
use call_outcomes::table::time::{self, Style, Zone, offset_of};
use call_outcomes::table::{Column, Format, Target};
use serde_json::{Value, json};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
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
    use Mark::{Comma, Point};
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
    let target = Target::find(name).unwrap();
    Column { target, format }
}

fn columns() -> Vec<Option<Column>> {
    let start = Format::Time(Style::DayFirst, Zone::fixed(7_200));
    vec![
        Some(column("start_time_t", start)),
        Some(column("calling_phone_number", Format::Plain)),
        Some(column("outcome_name", Format::Plain)),
        Some(column("sale_amount", Format::Amount(Mark::Comma))),
        None,
    ]
}

/// Good rows, bad rows, tally and fingerprint of a file in chunks of a length.
fn check(settings: Settings, file: &[u8], length: usize) -> (String, String, Value, String) {
    let mut check = Check::new(settings, Rules::default(), 0);
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
    (
        text(good),
        text(bad),
        json(&check.tally()),
        check.fingerprint(),
    )
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
             04.07.2015 09:00;1,89E+10;Sale;;'=1+1;line 5: {damaged}\r\n\
             32.07.2015 09:00;'+18885551212;;1,000.50;'-1;\"line 6: start_time_t is not a time in the format of its \
             column (cell.time); outcome_name must be present (outcome_name.missing); sale_amount is not an amount \
             with the decimal mark of its column (cell.amount)\"\r\n\
             too;few;;;;line 8: the row has another number of cells than the header (row.cells)\r\n\
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
        assert_eq!(codes, ["row.encoding", "row.encoding", "row.too_large"]);
        assert!(
            bad.contains("Verk\u{fffd}ufer") && bad.contains("line 5: a row is larger"),
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
fn what_is_kept_does_not_grow_with_the_file() {
    let mut check = Check::new(Settings::Ndjson, Rules::default(), 0);
    for number in 0..20_000 {
        check.read(
            format!("{{\"key {number}\":1,\"search\":{{\"start_time_t\":{number}}}}}\n").as_bytes(),
        );
        check.take_good();
        check.take_bad();
    }
    let tally = check.tally();
    assert!(tally.len() < 300_000, "{}", tally.len());
    let counted: u64 = json(&tally)["kinds"]
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
        let guess = json(&guess(file.as_bytes(), true, None));
        let columns = guess["columns"].as_array().unwrap();
        let columns = columns.iter().map(|column| {
            let holds = match column["parameter"].as_str() {
                Some("start_time_t" | "occurred_at_time_t") => &column["time"],
                Some("sale_amount") => &column["amount"],
                _ => &Value::Null,
            };
            json!([column["parameter"], holds["format"], holds["sure"]])
        });
        json!([
            guess["kind"],
            guess["delimiter"],
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
fn no_cell_of_a_line_is_a_formula() {
    let line = to_csv(["=1", "+1", "-1", "@a", "\ta", "a,\"b\"", "1"].into_iter());
    assert_eq!(line, b"'=1,'+1,'-1,'@a,'\ta,\"a,\"\"b\"\"\",1\r\n");
}
