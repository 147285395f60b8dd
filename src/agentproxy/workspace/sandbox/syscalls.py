"""System call numbers of x86_64 and aarch64, from the Linux headers."""

from collections.abc import Mapping
from typing import Final, Literal

Machine = Literal["x86_64", "aarch64"]

# Each line: name, number on x86_64, number on aarch64 ("-": this machine has no such call).
_TABLE = """
ptrace 101 117
process_vm_readv 310 270
process_vm_writev 311 271
kcmp 312 272
pidfd_getfd 438 438
add_key 248 217
request_key 249 218
keyctl 250 219
bpf 321 280
perf_event_open 298 241
userfaultfd 323 282
io_uring_setup 425 425
io_uring_enter 426 426
io_uring_register 427 427
mount 165 40
umount2 166 39
pivot_root 155 41
chroot 161 51
open_tree 428 428
move_mount 429 429
fsopen 430 430
fsconfig 431 431
fsmount 432 432
fspick 433 433
mount_setattr 442 442
open_tree_attr 467 467
setns 308 268
unshare 272 97
kexec_load 246 104
kexec_file_load 320 294
init_module 175 105
finit_module 313 273
delete_module 176 106
swapon 167 224
swapoff 168 225
reboot 169 142
acct 163 89
quotactl 179 60
quotactl_fd 443 443
name_to_handle_at 303 264
open_by_handle_at 304 265
iopl 172 -
ioperm 173 -
modify_ldt 154 -
settimeofday 164 170
clock_settime 227 112
adjtimex 159 171
clock_adjtime 305 266
syslog 103 116
lookup_dcookie 212 18
vhangup 153 58
sethostname 170 161
setdomainname 171 162
fanotify_init 300 262
nfsservctl 180 42
clone 56 220
clone3 435 435
ioctl 16 29
socket 41 198
chmod 90 -
fchmod 91 52
fchmodat 268 53
fchmodat2 452 452
creat 85 -
open 2 -
openat 257 56
openat2 437 437
mknod 133 -
mknodat 259 33
"""


def _column(index: int) -> Mapping[str, int]:
    rows = (line.split() for line in _TABLE.split("\n") if line)
    return {row[0]: int(row[index]) for row in rows if row[index] != "-"}


NUMBERS: Final[Mapping[Machine, Mapping[str, int]]] = {
    "x86_64": _column(1),
    "aarch64": _column(2),
}
