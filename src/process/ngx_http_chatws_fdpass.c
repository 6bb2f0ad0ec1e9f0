
/*
 * Copyright (C) chatws contributors
 *
 * Descriptors over a socket pair.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "process/ngx_http_chatws_fdpass.h"


typedef union {
    struct cmsghdr  cmsg;
    u_char          space[CMSG_SPACE(sizeof(ngx_fd_t))];
} ngx_http_chatws_rights_t;


ngx_http_chatws_pass_t *
ngx_http_chatws_pass_create(ngx_log_t *log)
{
    ngx_uint_t               i;
    ngx_http_chatws_pass_t  *pass;

    pass = ngx_alloc(sizeof(ngx_http_chatws_pass_t), log);
    if (pass == NULL) {
        return NULL;
    }

    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pass->fds) == -1) {
        ngx_log_error(NGX_LOG_EMERG, log, ngx_socket_errno,
                      "chatws: socketpair() failed");
        ngx_free(pass);
        return NULL;
    }

    pass->refs = 1;

    for (i = 0; i < 2; i++) {
        if (ngx_nonblocking(pass->fds[i]) == -1
            || fcntl(pass->fds[i], F_SETFD, FD_CLOEXEC) == -1)
        {
            ngx_log_error(NGX_LOG_EMERG, log, ngx_errno,
                          "chatws: fcntl() of a socket pair failed");
            ngx_http_chatws_pass_release(pass);
            return NULL;
        }
    }

    return pass;
}


void
ngx_http_chatws_pass_release(void *data)
{
    ngx_http_chatws_pass_t *pass = data;

    if (--pass->refs != 0) {
        return;
    }

    (void) close(pass->fds[0]);
    (void) close(pass->fds[1]);

    ngx_free(pass);
}


ngx_int_t
ngx_http_chatws_pass_send(ngx_fd_t pair, ngx_fd_t fd, u_char *data,
    size_t len, ngx_log_t *log)
{
    ssize_t                    n;
    ngx_err_t                  err;
    struct iovec               iov;
    struct msghdr              msg;
    ngx_http_chatws_rights_t   rights;

    ngx_memzero(&msg, sizeof(struct msghdr));
    ngx_memzero(&rights, sizeof(ngx_http_chatws_rights_t));

    iov.iov_base = data;
    iov.iov_len = len;

    msg.msg_iov = &iov;
    msg.msg_iovlen = 1;
    msg.msg_control = &rights;
    msg.msg_controllen = sizeof(rights.space);

    rights.cmsg.cmsg_len = CMSG_LEN(sizeof(ngx_fd_t));
    rights.cmsg.cmsg_level = SOL_SOCKET;
    rights.cmsg.cmsg_type = SCM_RIGHTS;
    ngx_memcpy(CMSG_DATA(&rights.cmsg), &fd, sizeof(ngx_fd_t));

    do {
        n = sendmsg(pair, &msg, MSG_NOSIGNAL);
        err = (n == -1) ? ngx_socket_errno : 0;
    } while (err == NGX_EINTR);

    if (n == (ssize_t) len) {
        return NGX_OK;
    }

    /* too many descriptors are on their way: see unix(7) */

    if (err == NGX_EAGAIN || err == ETOOMANYREFS) {
        return NGX_AGAIN;
    }

    ngx_log_error(NGX_LOG_ERR, log, err, "chatws: sendmsg() of a connection "
                  "to another worker failed");

    return NGX_ERROR;
}


/*
 * The limit of the process is known, but not how many descriptors it has, so
 * that many are opened and closed.  A descriptor that is received while there
 * is no room is lost, and its parcel with it.
 */

ngx_uint_t
ngx_http_chatws_pass_room(ngx_fd_t pair, ngx_uint_t n)
{
    ngx_uint_t  i, room;
    ngx_fd_t    fds[NGX_HTTP_CHATWS_PASS_ROOM];

    for (room = 0; room < n; room++) {
        fds[room] = dup(pair);

        if (fds[room] == -1) {
            break;
        }
    }

    for (i = 0; i < room; i++) {
        (void) close(fds[i]);
    }

    return room;
}


ssize_t
ngx_http_chatws_pass_recv(ngx_fd_t pair, ngx_fd_t *fd, u_char *data,
    ngx_log_t *log)
{
    ssize_t                    n;
    ngx_err_t                  err;
    struct iovec               iov;
    struct msghdr              msg;
    ngx_http_chatws_rights_t   rights;

    ngx_memzero(&msg, sizeof(struct msghdr));

    iov.iov_base = data;
    iov.iov_len = NGX_HTTP_CHATWS_PARCEL_MAX;

    msg.msg_iov = &iov;
    msg.msg_iovlen = 1;
    msg.msg_control = &rights;
    msg.msg_controllen = sizeof(rights.space);

    do {
        n = recvmsg(pair, &msg, 0);
        err = (n == -1) ? ngx_socket_errno : 0;
    } while (err == NGX_EINTR);

    if (err == NGX_EAGAIN) {
        return NGX_AGAIN;
    }

    if (n <= 0) {
        ngx_log_error(NGX_LOG_ERR, log, err, "chatws: recvmsg() of a "
                      "connection from another worker failed");
        return NGX_ERROR;
    }

    if (msg.msg_controllen < (socklen_t) CMSG_LEN(sizeof(ngx_fd_t))
        || rights.cmsg.cmsg_level != SOL_SOCKET
        || rights.cmsg.cmsg_type != SCM_RIGHTS)
    {
        /* the system gives none to a process that can't open another one */
        ngx_log_error(NGX_LOG_ERR, log, 0, "chatws: a connection from "
                      "another worker came without its descriptor");
        return NGX_ERROR;
    }

    ngx_memcpy(fd, CMSG_DATA(&rights.cmsg), sizeof(ngx_fd_t));

    if ((msg.msg_flags & (MSG_TRUNC|MSG_CTRUNC))
        || fcntl(*fd, F_SETFD, FD_CLOEXEC) == -1)
    {
        ngx_log_error(NGX_LOG_ERR, log, 0, "chatws: a connection from "
                      "another worker came incomplete");
        (void) ngx_close_socket(*fd);
        return NGX_ERROR;
    }

    return n;
}
