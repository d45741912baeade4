"""Histories that real builders wrote, and the Dockerfiles that they were given.

BuildKit in Docker 26.1, the builder before it, buildah 1.28 and podman 5.4, on a base of busybox; all with
`--build-arg TOKEN=tok --build-arg VERSION=3`. Each entry has the line of its instruction.
"""

# ruff: noqa: E501 - what a builder wrote is not broken into lines

from __future__ import annotations

from typing import NamedTuple

PLAIN = """\
ARG BASE=scratch
FROM scratch AS base
COPY root /
ENV PATH=/bin LANG="C.UTF-8"

FROM base AS builder
WORKDIR /src
COPY app ./
RUN /bin/busybox cp /src/main.js /src/out.js

FROM base
ARG TOKEN
ARG VERSION=1.2
ENV A=1 \\
    B="hello world" C=$VERSION
ENV OLD style $A value
LABEL maintainer="me" v.x=y\\ z
WORKDIR /srv/app
WORKDIR sub
COPY --chown=0:0 app/conf /etc/conf/
COPY ["app/main.js", "site/index.html", "./"]
COPY --from=builder /src/out.js out-${VERSION}.js
ADD vendor.tar.gz /opt
RUN /bin/busybox mkdir -p /data && \\
    # comment
    echo hi   there > /data/x
RUN ["/bin/busybox", "touch", "/data/y"]
EXPOSE 80 443/udp
VOLUME /data2 /data3
USER 1000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s CMD /bin/true || exit 1
ONBUILD RUN echo hi
SHELL ["/bin/busybox", "sh", "-c"]
ENTRYPOINT ["/bin/sh", "-c"]
CMD echo "$A" && \\
   echo b
"""

HEREDOCS = """\
# syntax directives are not used: no network
FROM scratch AS base
COPY root /
ENV PATH=/bin LANG="C.UTF-8"

FROM base AS builder
WORKDIR /src
COPY app ./
RUN /bin/busybox cp /src/main.js /src/out.js

FROM base AS final
ARG TOKEN
ARG VERSION=1.2 OTHER
ENV A=1 \\
    B="hello world" C=$VERSION
ENV OLD style $A value
LABEL maintainer="me" v.x=y\\ z
WORKDIR /srv/app
WORKDIR sub
COPY --chown=0:0 --link app/conf /etc/conf/
COPY --from=builder --chmod=644 /src/out.js out-${VERSION}.js
COPY <<one.env <<-"two.env" ./
	A=$A
one.env
	B=$A
	two.env
COPY <<EOF /etc/three.conf
x = ${VERSION}
EOF
ADD vendor.tar.gz /opt
RUN <<EOF
/bin/busybox mkdir -p /data
# a comment that stays
echo hi   there > /data/x
EOF
RUN /bin/busybox cat <<A > /data/a && /bin/busybox cat <<-'B' > /data/b
text a $A
A
	text b $A
B
RUN <<-EOS
	#!/bin/sh
	echo shebang > /data/s
	EOS
RUN --mount=type=tmpfs,target=/t echo "$TOKEN" > /data/t && \\

    # comment

    echo done
RUN ["/bin/busybox", "touch", "/data/y"]
EXPOSE 80 443/udp
VOLUME /data2 /data3
USER 1000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s CMD /bin/true || exit 1
ONBUILD RUN echo hi
SHELL ["/bin/busybox", "sh", "-c"]
ENTRYPOINT ["/bin/sh", "-c"]
CMD echo "$A" && \\
   echo b
"""


class Entry(NamedTuple):
    """A history entry, and the first line of the instruction that it records."""

    line: int | None
    created_by: str


HISTORIES: dict[str, tuple[str, list[Entry]]] = {
    "buildkit": (
        HEREDOCS,
        [
            Entry(3, "COPY root / # buildkit"),
            Entry(4, "ENV PATH=/bin LANG=C.UTF-8"),
            Entry(12, "ARG TOKEN"),
            Entry(13, "ARG VERSION=1.2 OTHER"),
            Entry(14, "ENV A=1 B=hello world C=3"),
            Entry(16, "ENV OLD=style 1 value"),
            Entry(17, "LABEL maintainer=me v.x=y z"),
            Entry(18, "WORKDIR /srv/app"),
            Entry(19, "WORKDIR /srv/app/sub"),
            Entry(20, "COPY --chown=0:0 app/conf /etc/conf/ # buildkit"),
            Entry(21, "COPY --chmod=644 /src/out.js out-3.js # buildkit"),
            Entry(22, "COPY <<one.env <<two.env ./ # buildkit"),
            Entry(27, "COPY <<EOF /etc/three.conf # buildkit"),
            Entry(30, "ADD vendor.tar.gz /opt # buildkit"),
            Entry(
                31,
                "RUN |3 TOKEN=tok VERSION=3 OTHER= /bin/sh -c /bin/busybox mkdir -p /data\n# a comment that stays\necho hi   there > /data/x\n # buildkit",
            ),
            Entry(
                36,
                "RUN |3 TOKEN=tok VERSION=3 OTHER= /bin/sh -c /bin/busybox cat <<A > /data/a && /bin/busybox cat <<-'B' > /data/b\ntext a $A\nA\n\ttext b $A\nB # buildkit",
            ),
            Entry(41, "RUN |3 TOKEN=tok VERSION=3 OTHER= /bin/sh -c #!/bin/sh\necho shebang > /data/s\n # buildkit"),
            Entry(
                45, 'RUN |3 TOKEN=tok VERSION=3 OTHER= /bin/sh -c echo "$TOKEN" > /data/t &&     echo done # buildkit'
            ),
            Entry(50, "RUN |3 TOKEN=tok VERSION=3 OTHER= /bin/busybox touch /data/y # buildkit"),
            Entry(51, "EXPOSE map[443/udp:{} 80/tcp:{}]"),
            Entry(52, "VOLUME [/data2 /data3]"),
            Entry(53, "USER 1000"),
            Entry(54, "STOPSIGNAL SIGTERM"),
            Entry(55, 'HEALTHCHECK &{["CMD-SHELL" "/bin/true || exit 1"] "5s" "0s" "0s" "0s" \'\\x00\'}'),
            Entry(57, "SHELL [/bin/busybox sh -c]"),
            Entry(58, 'ENTRYPOINT ["/bin/sh" "-c"]'),
            Entry(59, 'CMD ["/bin/busybox" "sh" "-c" "echo \\"$A\\" &&    echo b"]'),
        ],
    ),
    "classic": (
        PLAIN,
        [
            Entry(
                3, "/bin/sh -c #(nop) COPY dir:a686bbf7503268edfad7d6f57483af0c3c20662826975fa49b41d018ee0c4050 in / "
            ),
            Entry(4, "/bin/sh -c #(nop)  ENV PATH=/bin LANG=C.UTF-8"),
            Entry(12, "/bin/sh -c #(nop)  ARG TOKEN"),
            Entry(13, "/bin/sh -c #(nop)  ARG VERSION=1.2"),
            Entry(14, "/bin/sh -c #(nop)  ENV A=1 B=hello world C=3"),
            Entry(16, "/bin/sh -c #(nop)  ENV OLD=style 1 value"),
            Entry(17, "/bin/sh -c #(nop)  LABEL maintainer=me v.x=y z"),
            Entry(18, "/bin/sh -c #(nop) WORKDIR /srv/app"),
            Entry(19, "/bin/sh -c #(nop) WORKDIR /srv/app/sub"),
            Entry(
                20,
                "/bin/sh -c #(nop) COPY --chown=0:0 dir:20711cec5a579366fb2168e6bca3b0013071a07077c9c555e50b41b88a5f7f5f in /etc/conf/ ",
            ),
            Entry(
                21,
                "/bin/sh -c #(nop) COPY multi:d6888b4b6bd8b7f656d797b02884adc42d07631d54d861a18f4b0afe8760314b in ./ ",
            ),
            Entry(
                22,
                "/bin/sh -c #(nop) COPY file:611309f90b74734e222eac55b0c58b11f1ec2b2a1c2e3d560b38270a884156e6 in out-3.js ",
            ),
            Entry(
                23,
                "/bin/sh -c #(nop) ADD file:eb50e1bf0ddcf7226c4a209ab61adef77b7837824704797df8df2fe43bce3a4d in /opt ",
            ),
            Entry(24, "|2 TOKEN=tok VERSION=3 /bin/sh -c /bin/busybox mkdir -p /data &&     echo hi   there > /data/x"),
            Entry(27, "|2 TOKEN=tok VERSION=3 /bin/busybox touch /data/y"),
            Entry(28, "/bin/sh -c #(nop)  EXPOSE 443/udp 80"),
            Entry(29, "/bin/sh -c #(nop)  VOLUME [/data2 /data3]"),
            Entry(30, "/bin/sh -c #(nop)  USER 1000"),
            Entry(31, "/bin/sh -c #(nop)  STOPSIGNAL SIGTERM"),
            Entry(
                32,
                '/bin/sh -c #(nop)  HEALTHCHECK &{["CMD-SHELL" "/bin/true || exit 1"] "5s" "0s" "0s" "0s" \'\\x00\'}',
            ),
            Entry(33, "/bin/sh -c #(nop)  ONBUILD RUN echo hi"),
            Entry(34, "/bin/busybox sh -c #(nop)  SHELL [/bin/busybox sh -c]"),
            Entry(35, '/bin/busybox sh -c #(nop)  ENTRYPOINT ["/bin/sh" "-c"]'),
            Entry(36, '/bin/busybox sh -c #(nop)  CMD ["/bin/busybox" "sh" "-c" "echo \\"$A\\" &&    echo b"]'),
        ],
    ),
    "buildah": (
        PLAIN,
        [
            Entry(
                3, "/bin/sh -c #(nop) COPY dir:882c961fe1b69a3cf0ffa222814ec241734bd76270c2fe06a12bf788b6b5cbd7 in / "
            ),
            Entry(4, '/bin/sh -c #(nop) ENV PATH=/bin LANG="C.UTF-8"'),
            Entry(12, "/bin/sh -c #(nop) ARG TOKEN"),
            Entry(13, "/bin/sh -c #(nop) ARG TOKEN VERSION"),
            Entry(14, '/bin/sh -c #(nop) ENV A=1     B="hello world" C=$VERSION'),
            Entry(16, "/bin/sh -c #(nop) ENV OLD style $A value"),
            Entry(17, '/bin/sh -c #(nop) LABEL maintainer="me" v.x=y\\ z'),
            Entry(18, "/bin/sh -c #(nop) WORKDIR /srv/app"),
            Entry(19, "/bin/sh -c #(nop) WORKDIR sub"),
            Entry(
                20,
                "/bin/sh -c #(nop) COPY dir:a1a21705d25b024c2152d4d23c61319fce2b54ca658e0d0923d06e2e083ec345 in /etc/conf/ ",
            ),
            Entry(
                21,
                "/bin/sh -c #(nop) COPY multi:10965116092cbaa157ccd06af5b5b1eae0a8800b670e64765183c5dd47dc4570 in ./ ",
            ),
            Entry(
                22,
                "/bin/sh -c #(nop) COPY file:599bb70edae03126debcd0e0c0c79af78919a10997e9bf9b85815bc519c581ad in out-${VERSION}.js ",
            ),
            Entry(
                23,
                "/bin/sh -c #(nop) ADD file:6c3556a470f47b57471a299cf958038aae316763f62d4c987ae7e1b3d4d6a06e in /opt ",
            ),
            Entry(24, "|2 TOKEN=tok VERSION=3 /bin/sh -c /bin/busybox mkdir -p /data &&     echo hi   there > /data/x"),
            Entry(27, '|2 TOKEN=tok VERSION=3 /bin/sh -c ["/bin/busybox", "touch", "/data/y"]'),
            Entry(28, "/bin/sh -c #(nop) EXPOSE 80 443/udp"),
            Entry(29, "/bin/sh -c #(nop) VOLUME /data2 /data3"),
            Entry(30, "/bin/sh -c #(nop) USER 1000"),
            Entry(31, "/bin/sh -c #(nop) STOPSIGNAL SIGTERM"),
            Entry(32, "/bin/sh -c #(nop) HEALTHCHECK --interval=5s CMD /bin/true || exit 1"),
            Entry(33, "/bin/sh -c #(nop) ONBUILD RUN echo hi"),
            Entry(34, '/bin/sh -c #(nop) SHELL ["/bin/busybox", "sh", "-c"]'),
            Entry(35, '/bin/sh -c #(nop) ENTRYPOINT ["/bin/sh", "-c"]'),
            Entry(36, '/bin/sh -c #(nop) CMD echo "$A" &&    echo b'),
        ],
    ),
    "podman": (
        HEREDOCS,
        [
            Entry(
                3, "/bin/sh -c #(nop) COPY dir:54b6ac15058d4bd22f61d0e50e7df8d35012d94b25815670cbc47492df8ee8ce in / "
            ),
            Entry(4, '/bin/sh -c #(nop) ENV PATH=/bin LANG="C.UTF-8"'),
            Entry(12, "/bin/sh -c #(nop) ARG TOKEN"),
            Entry(13, "/bin/sh -c #(nop) ARG TOKEN VERSION"),
            Entry(14, '/bin/sh -c #(nop) ENV A=1     B="hello world" C=$VERSION'),
            Entry(16, "/bin/sh -c #(nop) ENV OLD style $A value"),
            Entry(17, '/bin/sh -c #(nop) LABEL maintainer="me" v.x=y\\ z'),
            Entry(18, "/bin/sh -c #(nop) WORKDIR /srv/app"),
            Entry(19, "/bin/sh -c #(nop) WORKDIR sub"),
            Entry(
                20,
                "/bin/sh -c #(nop) COPY dir:ea794bfa63e37b0b60a9b3421526410b9ff1978f90e9ed592e2af462cd32f517 in /etc/conf/ ",
            ),
            Entry(
                21,
                "/bin/sh -c #(nop) COPY file:ba693ab64f59a52581591af0c9bcf64926d960b58a4fbf0a18aef0087a20975d in out-${VERSION}.js ",
            ),
            Entry(
                22,
                "/bin/sh -c #(nop) COPY multi:5516e123f63eb271d4796aa46c679655a2b213a4b4200098af7e5677344bee5b in ./ ",
            ),
            Entry(
                27,
                "/bin/sh -c #(nop) COPY file:2f18e1bbf2cd80b72661192bbb60c720935df7d0cbb121ee3145d91adcf2823a in /etc/three.conf ",
            ),
            Entry(
                30,
                "/bin/sh -c #(nop) ADD file:6c3556a470f47b57471a299cf958038aae316763f62d4c987ae7e1b3d4d6a06e in /opt ",
            ),
            Entry(31, "|2 TOKEN=tok VERSION=3 /bin/sh -c <<EOF"),
            Entry(
                36,
                "|2 TOKEN=tok VERSION=3 /bin/sh -c /bin/busybox cat <<A > /data/a && /bin/busybox cat <<-'B' > /data/b",
            ),
            Entry(
                45,
                '|2 TOKEN=tok VERSION=3 /bin/sh -c --mount=type=tmpfs,target=/t echo "$TOKEN" > /data/t &&     echo done',
            ),
            Entry(50, '|2 TOKEN=tok VERSION=3 /bin/sh -c ["/bin/busybox", "touch", "/data/y"]'),
            Entry(51, "/bin/sh -c #(nop) EXPOSE 80 443/udp"),
            Entry(52, "/bin/sh -c #(nop) VOLUME /data2 /data3"),
            Entry(53, "/bin/sh -c #(nop) USER 1000"),
            Entry(54, "/bin/sh -c #(nop) STOPSIGNAL SIGTERM"),
            Entry(55, "/bin/sh -c #(nop) HEALTHCHECK --interval=5s CMD /bin/true || exit 1"),
            Entry(56, "/bin/sh -c #(nop) ONBUILD RUN echo hi"),
            Entry(57, '/bin/sh -c #(nop) SHELL ["/bin/busybox", "sh", "-c"]'),
            Entry(58, '/bin/sh -c #(nop) ENTRYPOINT ["/bin/sh", "-c"]'),
            Entry(59, '/bin/sh -c #(nop) CMD echo "$A" &&    echo b'),
        ],
    ),
}
