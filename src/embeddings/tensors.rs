//! Reads the model file: safetensors, which is a length, a JSON header that names the tensors, and
//! their bytes. Int8 tensors are lent out of the file's bytes, so the embedding table of the
//! executable is never copied.

use std::collections::HashMap;
use std::ops::Range;

/// Why a model file cannot be used. The file is inside the executable, so this is a broken build.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not a safetensors file.
    #[error("the embedding model's header cannot be read")]
    Header(#[source] Option<serde_json::Error>),
    /// A tensor is not there, or not of the type and shape that the network needs.
    #[error("the embedding model has no {name} of shape {shape:?}")]
    Tensor {
        /// Its name in the file.
        name: String,
        /// Rows and columns, or the one length.
        shape: Vec<usize>,
    },
    /// The list of words is not that of the embedding table.
    #[error("the embedding model's list of words is not that of its table")]
    Words,
}

#[derive(serde::Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: (usize, usize),
}

/// The tensors of a file by name.
pub(super) struct Tensors {
    entries: HashMap<String, Entry>,
    data: &'static [u8],
}

impl Tensors {
    /// Reads the header.
    pub(super) fn read(file: &'static [u8]) -> Result<Self, Error> {
        let (length, rest) = file.split_first_chunk().ok_or(Error::Header(None))?;
        let length = usize::try_from(u64::from_le_bytes(*length)).ok();
        let (header, data) =
            length.and_then(|length| rest.split_at_checked(length)).ok_or(Error::Header(None))?;
        let entries = serde_json::from_slice(header).map_err(|error| Error::Header(Some(error)))?;
        Ok(Self { entries, data })
    }

    /// Whole numbers of this shape, as they lie in the file.
    pub(super) fn bytes(&self, name: &str, shape: &[usize]) -> Result<&'static [u8], Error> {
        self.find(name, "I8", shape, 1)
    }

    /// Floating-point numbers of this shape.
    pub(super) fn floats(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, Error> {
        let bytes = self.find(name, "F32", shape, 4)?;
        let (numbers, _) = bytes.as_chunks();
        Ok(numbers.iter().copied().map(f32::from_le_bytes).collect())
    }

    fn find(
        &self,
        name: &str,
        kind: &str,
        shape: &[usize],
        size: usize,
    ) -> Result<&'static [u8], Error> {
        let entry = self.entries.get(name).filter(|e| e.dtype == kind && e.shape == shape);
        entry
            .and_then(|entry| {
                let (start, end) = entry.data_offsets;
                self.data.get(Range { start, end })
            })
            .filter(|bytes| bytes.len() == shape.iter().product::<usize>() * size)
            .ok_or_else(|| Error::Tensor { name: name.to_owned(), shape: shape.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, data: &[u8]) -> &'static [u8] {
        let mut file = (header.len() as u64).to_le_bytes().to_vec();
        file.extend_from_slice(header.as_bytes());
        file.extend_from_slice(data);
        file.leak()
    }

    #[test]
    fn tensors_are_found_by_name_type_and_shape() {
        let header = r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},
                         "b":{"dtype":"I8","shape":[1,3],"data_offsets":[8,11]}}"#;
        let tensors =
            Tensors::read(file(header, &[0, 0, 128, 63, 0, 0, 0, 64, 1, 2, 255])).unwrap();
        assert_eq!(tensors.floats("a", &[2]).unwrap(), [1.0, 2.0]);
        assert_eq!(tensors.bytes("b", &[1, 3]).unwrap(), [1, 2, 255]);
        assert!(tensors.floats("a", &[3]).is_err());
        assert!(tensors.floats("b", &[1, 3]).is_err());
        assert!(tensors.bytes("c", &[1]).is_err());
    }

    #[test]
    fn a_broken_file_is_an_error() {
        let beyond = r#"{"a":{"dtype":"I8","shape":[9],"data_offsets":[0,9]}}"#;
        assert!(Tensors::read(file(beyond, &[1])).unwrap().bytes("a", &[9]).is_err());
        for broken in [&b""[..], b"short", &[255; 16], b"\x01\0\0\0\0\0\0\0{"] {
            assert!(Tensors::read(broken).is_err());
        }
    }
}
