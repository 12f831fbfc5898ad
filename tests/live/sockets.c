/* Preloaded by sockets.rs: every socket that is opened, bound or connected is written down, a line each, in the file that
   PARTITA_SOCKETS names. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void note(const char *call, const char *what) {
  const char *path = getenv("PARTITA_SOCKETS");
  int file = path ? open(path, O_WRONLY | O_CREAT | O_APPEND, 0600) : -1;
  if (file < 0) return;
  dprintf(file, "%s %s\n", call, what);
  close(file);
}

static const char *family(int domain) {
  switch (domain) {
    case AF_UNIX: return "unix";
    case AF_INET: return "inet";
    case AF_INET6: return "inet6";
    case AF_NETLINK: return "netlink";
    default: return "other";
  }
}

static void note_address(const char *call, const struct sockaddr *address, socklen_t length) {
  char what[256], host[INET6_ADDRSTRLEN] = "";
  if (address->sa_family == AF_UNIX) {
    const struct sockaddr_un *own = (const void *)address;
    int count = (int)length - (int)sizeof own->sun_family;
    const char *name = own->sun_path;
    /* An abstract name begins with a zero. */
    if (count > 0 && !*name) name++, count--;
    snprintf(what, sizeof what, "unix %.*s", count > 0 ? count : 0, name);
  } else if (address->sa_family == AF_INET) {
    inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, host, sizeof host);
    snprintf(what, sizeof what, "inet %s", host);
  } else if (address->sa_family == AF_INET6) {
    inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, host, sizeof host);
    snprintf(what, sizeof what, "inet6 %s", host);
  } else {
    snprintf(what, sizeof what, "%s", family(address->sa_family));
  }
  note(call, what);
}

int socket(int domain, int type, int protocol) {
  static int (*real)(int, int, int);
  if (!real) real = dlsym(RTLD_NEXT, "socket");
  note("socket", family(domain));
  return real(domain, type, protocol);
}

int connect(int socket, const struct sockaddr *address, socklen_t length) {
  static int (*real)(int, const struct sockaddr *, socklen_t);
  if (!real) real = dlsym(RTLD_NEXT, "connect");
  note_address("connect", address, length);
  return real(socket, address, length);
}

int bind(int socket, const struct sockaddr *address, socklen_t length) {
  static int (*real)(int, const struct sockaddr *, socklen_t);
  if (!real) real = dlsym(RTLD_NEXT, "bind");
  note_address("bind", address, length);
  return real(socket, address, length);
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
  static int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
  if (!real) real = dlsym(RTLD_NEXT, "getaddrinfo");
  note("getaddrinfo", node ? node : "");
  return real(node, service, hints, found);
}
