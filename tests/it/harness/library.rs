//! What tests of the library say most often: send files, wait until they are read.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::Reply;
use super::talk::id_of;
use super::{Server, eventually};

/// A form with files, written out by hand so that a test can send any name.
pub fn form(files: &[(&str, &[u8])]) -> (String, Vec<u8>) {
    let boundary = "a-boundary-that-no-file-has";
    let mut body = Vec::new();
    for (name, bytes) in files {
        let name = name.replace('"', "%22").replace(['\r', '\n'], " ");
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={boundary}"), body)
}

impl Server {
    /// Sends files as one form.
    pub async fn upload(&self, files: &[(&str, &[u8])]) -> Reply {
        let (kind, body) = form(files);
        let request = self.request(Method::POST, "/documents").header("content-type", kind);
        self.send(request.body(body)).await
    }

    /// Sends one file and gives its id.
    pub async fn document(&self, name: &str, bytes: &[u8]) -> String {
        let sent = self.upload(&[(name, bytes)]).await.is(202);
        id_of(&sent["items"][0]["document"])
    }

    /// Sends one file and waits until it is ready or cannot be read.
    pub async fn read_document(&self, name: &str, bytes: &[u8]) -> Value {
        let id = self.document(name, bytes).await;
        self.settled(&id).await
    }

    /// Waits until a document is ready or failed.
    pub async fn settled(&self, id: &str) -> Value {
        eventually(&format!("{id} is ready or failed"), || async {
            let document = self.get(&format!("/documents/{id}")).await.is(200);
            let state = document["state"].as_str().unwrap_or_default().to_owned();
            matches!(state.as_str(), "ready" | "failed").then_some(document)
        })
        .await
    }

    /// Searches by words alone.
    pub async fn search_words(&self, query: &str) -> Vec<Value> {
        let body = json!({"query": query, "meaning": false});
        self.post("/search", body).await.is(200)["items"].as_array().unwrap().clone()
    }

    /// Searches by words and meaning.
    pub async fn search(&self, body: Value) -> Vec<Value> {
        self.post("/search", body).await.is(200)["items"].as_array().unwrap().clone()
    }
}
