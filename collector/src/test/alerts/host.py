"""A collector and a broker in namespaces of their own, for the scripts that look at them from outside."""
import fcntl
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
HTTP, KAFKA = 19477, 19092
PATIENCE = 90


def inside():
    """Runs the script in namespaces of its own, where loopback is the only network, and /run is empty."""
    if not os.environ.get('INSIDE_OF_SCRIPT'):
        os.environ['INSIDE_OF_SCRIPT'] = '1'
        os.execvp('unshare', ['unshare', '--net', '--mount', '--uts', '--pid', '--fork', '--mount-proc', '--kill-child',
                              sys.executable] + sys.argv)
    subprocess.run(['mount', '-t', 'tmpfs', 'tmpfs', '/run'], check=True)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, 0x8914, struct.pack('16sh', b'lo', 1))  # SIOCSIFFLAGS, IFF_UP


def until(condition, what):
    begin = time.monotonic()
    while not condition():
        if time.monotonic() - begin > PATIENCE:
            raise SystemExit(f'not in {PATIENCE} s: {what}')
        time.sleep(0.5)
    return time.monotonic() - begin


def get(port, path):
    with urllib.request.urlopen(f'http://127.0.0.1:{port}{path}', timeout=5) as answer:
        return answer.read().decode()


def scrape():
    try:
        return get(HTTP, '/metrics')
    except OSError:
        return ''


def quietly(work):
    try:
        work()
    except OSError:
        pass  # whoever reads it has been ended


class Host:
    def __init__(self, home, folder):
        self.home = home
        self.ctstream = os.path.join(home, 'bin/ctstream')
        self.folder = folder
        self.collector = self.broker = None
        self.log = open(os.path.join(folder, 'log'), 'wb')
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith('CTSTREAM_')}
        self.keys = {
            'kafka.bootstrap.servers': f'127.0.0.1:{KAFKA}', 'http.listen': f'127.0.0.1:{HTTP}', 'host.id': 'web-1',
            'spool.directory': os.path.join(folder, 'spool'), 'spool.max-bytes': '1048576', 'spool.segment-bytes': '65536',
            'heartbeat.interval-seconds': '1', 'topic.replication-factor': '1'}

    def spawn(self, *words):
        return subprocess.Popen([self.ctstream, *words], stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL,
                                env=self.environment)

    def start_broker(self):
        self.broker = self.spawn('broker', '--port', str(KAFKA), '--data', os.path.join(self.folder, 'kafka'))

    def kill_broker(self):
        self.broker.kill()
        self.broker.wait()

    def start(self, **more):
        keys = dict(self.keys, **{k.replace('__', '-').replace('_', '.'): v for k, v in more.items()})
        self.collector = self.spawn('run', *sum((['-D', f'{k}={v}'] for k, v in keys.items()), []))
        until(lambda: 'ctstream_batch_open' in scrape(), 'the collector answers')

    def stop(self, how=signal.SIGTERM):
        self.collector.send_signal(how)
        self.collector.wait()

    def create(self, first, count):
        lines = ''.join(
            f'{{"source_address":"10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}","destination_address":"192.0.2.1","protocol":"udp",'
            f'"source_port":{1024 + i % 60000},"destination_port":53,"timeout_seconds":600}}\n'
            for i in range(first, first + count))
        subprocess.run([self.ctstream, 'entries', 'create', '--file', '-'], input=lines.encode(), stdout=self.log,
                       stderr=self.log, env=self.environment, check=True)

    def load(self, per_second, seconds, zones):
        """New flows in many zones, which makes many batches, that live for 10 s; ends when it is over or is killed."""
        writer = subprocess.Popen([self.ctstream, 'entries', 'create', '--file', '-'], stdin=subprocess.PIPE,
                                  stdout=subprocess.DEVNULL, stderr=self.log, env=self.environment)

        def write():
            begin = time.monotonic()
            for i in range(per_second * seconds):
                if i % (per_second // 20) == 0:
                    time.sleep(max(0.0, begin + i / per_second - time.monotonic()))
                    writer.stdin.flush()
                writer.stdin.write(
                    f'{{"zone":{i % zones},"source_address":"10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}",'
                    '"destination_address":"192.0.2.1","protocol":"udp","source_port":1024,"destination_port":53,'
                    '"timeout_seconds":10}\n'.encode())
            writer.stdin.close()
        threading.Thread(target=lambda: quietly(write), daemon=True).start()
        return writer

    def alter(self, *words):
        java = os.path.join(os.environ['JAVA_HOME'], 'bin/java') if 'JAVA_HOME' in os.environ else 'java'
        subprocess.run([java, '-XX:TieredStopAtLevel=1', '-cp', os.path.join(self.home, 'lib/*'),
                        '--source', '17', os.path.join(HERE, 'alter'), f'127.0.0.1:{KAFKA}', *words], stdout=self.log,
                       stderr=self.log, env=self.environment, check=True)

    def flush(self):
        subprocess.run([self.ctstream, 'entries', 'flush', '--all'], stdout=self.log, stderr=self.log,
                       env=self.environment, check=True)
