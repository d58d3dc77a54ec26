"""moto's S3 on loopback, one request at a time, until it is killed.

moto looks whether a key is there and then stores, which two threads may do at once; a store that
keeps logs must let one of two writers win. So there is one lock. Everything is in memory.
"""

import logging
import sys
import threading

from moto.server import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server
from werkzeug.test import Client

bucket, port = sys.argv[1], int(sys.argv[2])
one = threading.Lock()
moto = DomainDispatcherApplication(create_backend_app)


def alone(environ, start_response):
    with one:
        return list(moto(environ, start_response))


logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = make_server("127.0.0.1", port, alone, threaded=True, request_handler=MotoRequestHandler)
made = Client(alone).put(f"/{bucket}", base_url=f"http://127.0.0.1:{server.port}")
assert made.status_code == 200, made.data
print(f"listening on {server.port}", flush=True)
server.serve_forever()
