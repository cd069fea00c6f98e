"""An S3 server for tests: moto in this process, on loopback, one bucket named `audio`.

Prints its port and ends when its standard input is closed, so that even a killed test leaves nothing running.
Usage: s3.py [PORT]
"""

import logging
import os
import sys

os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_DEFAULT_REGION="us-east-1")
logging.getLogger("werkzeug").setLevel(logging.ERROR)

import boto3
from moto.server import ThreadedMotoServer

wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 0
server = ThreadedMotoServer(ip_address="127.0.0.1", port=wanted, verbose=False)
server.start()
host, port = server.get_host_and_port()
boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}").create_bucket(Bucket="audio")
print(port, flush=True)
sys.stdin.read()
server.stop()
