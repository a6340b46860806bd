//! JSON objects in which a key stands twice: one reader takes the first, another the last.
//!
//! Nothing here gives a value; whoever needs one parses the text again.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// Whether some key stands twice in the object or in any below it. At the top, keys that differ in the case of letters
/// alone are one: there are readers for which they are. `true` as well for a text that is no JSON.
pub(crate) fn has_doubled_keys(text: &[u8]) -> bool {
    let top = || -> Result<(), serde_json::Error> {
        let mut reader = serde_json::Deserializer::from_slice(text);
        (&mut reader).deserialize_any(Once { folds_case: true })?;
        reader.end()
    };
    top().is_err()
}

/// A value whose keys stand once each.
struct Once {
    folds_case: bool,
}

struct Below;

impl<'de> Deserialize<'de> for Below {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Once { folds_case: false })?;
        Ok(Self)
    }
}

impl<'de> Visitor<'de> for Once {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut keys = HashSet::new();
        while let Some(mut key) = map.next_key::<String>()? {
            if self.folds_case {
                key.make_ascii_lowercase();
            }
            if !keys.insert(key) {
                return Err(serde::de::Error::custom("a key stands twice"));
            }
            map.next_value::<Below>()?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element::<Below>()?.is_some() {}
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_stands_twice_is_found_wherever_it_is() {
        for (text, expected) in [
            (r#"{"a":1,"b":{"a":1},"c":[{"a":1},{"a":1}]}"#, false),
            (r#"{"a":1,"a":1}"#, true),
            (r#"{"b":{"a":1,"a":2}}"#, true),
            (r#"{"b":[0,{"x":{"a":1,"a":2}}]}"#, true),
            (r#"{"a":1,"\u0061":2}"#, true),
            (r#"{"a":1,"A":2}"#, true),
            (r#"{"b":{"a":1,"A":2}}"#, false),
            (r#"{"a":1"#, true),
            (r#"{"a":1} {"a":1}"#, true),
            (r#"{"a":"é\n","b":null,"c":-1.5e3,"d":true}"#, false),
        ] {
            assert_eq!(has_doubled_keys(text.as_bytes()), expected, "{text}");
        }
    }
}
