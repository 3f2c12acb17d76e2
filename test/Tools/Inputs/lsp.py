"""Speaks to a language server: initialize, open a document, hover, shut down. Prints what it answers, one JSON value a line."""
import json
import subprocess
import sys


def send(stream, method, params, id_=None):
    message = {"jsonrpc": "2.0", "method": method, "params": params}
    if id_ is not None:
        message["id"] = id_
    body = json.dumps(message).encode()
    stream.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
    stream.flush()


def receive(stream):
    length = 0
    while (line := stream.readline().strip()) != b"":
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return json.loads(stream.read(length))


server = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
uri = "file:///document.mlir"
send(server.stdin, "initialize", {"processId": None, "rootUri": None, "capabilities": {}}, 0)
print(json.dumps(receive(server.stdout)["result"]["serverInfo"]))
document = {"uri": uri, "languageId": "mlir", "version": 1, "text": sys.stdin.read()}
send(server.stdin, "textDocument/didOpen", {"textDocument": document})
for diagnostic in receive(server.stdout)["params"]["diagnostics"]:
    print(json.dumps({"line": diagnostic["range"]["start"]["line"], "message": diagnostic["message"]}))
send(server.stdin, "shutdown", None, 1)
receive(server.stdout)
send(server.stdin, "exit", None)
sys.exit(server.wait(timeout=60))
