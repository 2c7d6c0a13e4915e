//! SQL templates: text with `{{placeholders}}` for other SQL, and with `:name` parameters for values.
//!
//! Values never become part of a statement's text; `statement` binds them.

/// SQL that may have placeholders left to fill.
#[derive(Clone, Debug)]
pub struct Template(String);

impl From<&str> for Template {
    /// Takes the text of an SQL file, without its comments and its indentation.
    fn from(text: &str) -> Self {
        let lines = text.lines().map(str::trim);
        let lines: Vec<&str> = lines.filter(|line| !line.starts_with("--")).collect();
        Self(lines.join("\n"))
    }
}

impl Template {
    /// Puts SQL in the place of every `{{name}}`.
    ///
    /// Debug builds, and so the tests, fail if there is no such placeholder.
    #[must_use]
    pub fn fill(self, name: &str, sql: &str) -> Self {
        let placeholder = format!("{{{{{name}}}}}");
        debug_assert!(
            self.0.contains(&placeholder),
            "`{placeholder}` is not in: {}",
            self.0
        );
        Self(self.0.replace(&placeholder, sql))
    }

    /// Puts SQL in the place of the parameter `:name`.
    ///
    /// Debug builds, and so the tests, fail if there is no such parameter.
    #[must_use]
    pub fn replace_parameter(self, name: &str, sql: &str) -> Self {
        let mut is_used = false;
        let text = map_parameters(&self.0, |parameter, out| {
            if parameter == name {
                is_used = true;
                out.push_str(sql);
            } else {
                out.push(':');
                out.push_str(parameter);
            }
        });
        debug_assert!(is_used, "`:{name}` is not in: {}", self.0);
        Self(text)
    }

    /// Makes each parameter that is named in `columns` a column of the rows `q`.
    #[must_use]
    pub fn over_rows(self, columns: &[&str]) -> Self {
        Self(map_parameters(&self.0, |name, out| {
            out.push_str(if columns.contains(&name) { "q." } else { ":" });
            out.push_str(name);
        }))
    }

    /// The text, to fill a placeholder of another template with.
    pub fn as_sql(&self) -> &str {
        &self.0
    }

    /// The text with each `:name` replaced by `?N`, and the names by their numbers, counted by first use.
    ///
    /// Debug builds, and so the tests, fail if a placeholder is left.
    ///
    /// `SQLite` plans a comparison of a column with a bare parameter by whether the value is 0 or 1. D1 clears what is
    /// bound after each run, so that such a statement is prepared again for the next, which costs more than running it.
    /// `COLLATE BINARY`, which applies anyway, keeps the statement prepared.
    pub fn number_parameters(&self) -> (String, Vec<String>) {
        debug_assert!(
            !self.0.contains("{{"),
            "a placeholder is left in: {}",
            self.0
        );
        let mut names: Vec<String> = Vec::new();
        let numbered = map_parameters(&self.0, |name, out| {
            let known = names.iter().position(|known| *known == name);
            let place = known.unwrap_or_else(|| {
                names.push(name.to_owned());
                names.len().saturating_sub(1)
            });
            let is_compared = out.ends_with(" = ");
            out.push('?');
            out.push_str(&place.saturating_add(1).to_string());
            if is_compared {
                out.push_str(" COLLATE BINARY");
            }
        });
        (numbered, names)
    }
}

/// Writes each parameter `:name` as `write` does.
fn map_parameters<'a>(sql: &'a str, mut write: impl FnMut(&'a str, &mut String)) -> String {
    let mut mapped = String::with_capacity(sql.len());
    let mut parts = sql.split(':');
    mapped.push_str(parts.next().unwrap_or(""));
    for part in parts {
        let end = part
            .find(|c: char| !c.is_ascii_lowercase() && c != '_')
            .unwrap_or(part.len());
        let (name, rest) = part.split_at_checked(end).unwrap_or((part, ""));
        write(name, &mut mapped);
        mapped.push_str(rest);
    }
    mapped
}

#[cfg(test)]
mod tests {
    use super::Template;

    #[test]
    fn parameters_are_numbered_by_first_use() {
        let template = Template::from("-- :comment\nSELECT :b_c, :a\n  FROM x WHERE y = :b_c\n");
        let (sql, names) = template.number_parameters();
        assert_eq!(sql, "SELECT ?1, ?2\nFROM x WHERE y = ?1 COLLATE BINARY");
        assert_eq!(names, ["b_c", "a"]);
    }

    #[test]
    fn a_placeholder_is_filled_wherever_it_stands() {
        let template = Template::from("{{a}} {{b}} {{a}}").fill("a", "{{b}}");
        assert_eq!(template.fill("b", ":x").as_sql(), ":x :x :x");
    }

    #[test]
    fn parameters_of_these_names_alone_become_columns() {
        let template = Template::from("x = :a AND y = :ab").over_rows(&["a"]);
        assert_eq!(template.as_sql(), "x = q.a AND y = :ab");
    }

    #[test]
    fn a_parameter_is_replaced_by_its_whole_name() {
        let template = Template::from(":a + :ab").replace_parameter("a", "(:b - 1)");
        assert_eq!(template.as_sql(), "(:b - 1) + :ab");
    }

    #[test]
    #[should_panic(expected = "`{{b}}` is not in: {{a}}")]
    fn a_placeholder_that_is_not_there_is_a_bug() {
        let _ = Template::from("{{a}}").fill("b", "");
    }

    #[test]
    #[should_panic(expected = "a placeholder is left in: {{a}}")]
    fn a_placeholder_that_is_left_is_a_bug() {
        let _ = Template::from("{{a}}").number_parameters();
    }
}
