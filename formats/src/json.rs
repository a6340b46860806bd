//! JSON objects in which a key stands twice: one reader takes the first, another the last.
//!
//! Nothing here gives a value; whoever needs one parses the text again.

use std::borrow::Cow;
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

/// So many keys are compared with each.
const FEW: usize = 48;

/// A value whose keys stand once each.
struct Once {
    folds_case: bool,
}

struct Below;

/// As it stands in the text, unless something in it is escaped.
struct Key<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(key)))
            }

            fn visit_str<E>(self, key: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

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
        // Of a few nothing is faster than to look at each.
        let (mut few, mut many) = (Vec::new(), HashSet::new());
        while let Some(Key(mut key)) = map.next_key::<Key>()? {
            if self.folds_case && key.bytes().any(|byte| byte.is_ascii_uppercase()) {
                key.to_mut().make_ascii_lowercase();
            }
            let is_known = few.contains(&key) || (few.len() >= FEW && !many.insert(key.clone()));
            if is_known {
                return Err(serde::de::Error::custom("a key stands twice"));
            }
            if few.len() < FEW {
                few.push(key);
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
