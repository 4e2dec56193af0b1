"""What runs because of us: stopped at the end of the process even when a test was cut short."""

_running = []


def add(server):
    if server not in _running:
        _running.append(server)


def remove(server):
    if server in _running:
        _running.remove(server)


def stop_all():
    while _running:
        server = _running.pop()
        try:
            server.stop()
        except Exception as error:
            print(f"      | while stopping: {error}")
