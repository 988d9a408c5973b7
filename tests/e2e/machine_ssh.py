#!/usr/bin/env python3
"""What ssh would do between machines that trust each other.

    machine_ssh.py --serve ADDRESS PORT
    machine_ssh.py [-l USER] HOST COMMAND...

A command's standard input and output go through; its status does not.
"""
import os
import socket
import subprocess
import sys
import threading

PORT = 22


def answer(connection):
    with connection, connection.makefile("rb", 0) as lines:
        command = lines.readline().decode()
        subprocess.run(["sh", "-c", command], stdin=connection,
                       stdout=connection, stderr=connection, check=False)


def serve(address, port):
    with socket.create_server((address, int(port))) as listening:
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=answer, args=(connection,),
                             daemon=True).start()


def copy_in(connection):
    while True:
        piece = os.read(0, 65536)
        if not piece:
            break
        connection.sendall(piece)
    connection.shutdown(socket.SHUT_WR)


def main(arguments):
    if arguments[0] == "--serve":
        serve(*arguments[1:])
    while arguments[0].startswith("-"):
        del arguments[:2]
    host, *command = arguments
    with socket.create_connection((host, PORT)) as connection:
        connection.sendall(" ".join(command).encode() + b"\n")
        threading.Thread(target=copy_in, args=(connection,),
                         daemon=True).start()
        while True:
            piece = connection.recv(65536)
            if not piece:
                break
            os.write(1, piece)


main(sys.argv[1:])
