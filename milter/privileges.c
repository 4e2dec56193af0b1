/*
 * privileges - giving up root's rights for good
 *
 * The order matters: supplementary groups, group, user; each real, effective and saved.
 */
#include "milter/privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { GROUPS_MAX = 256 };

static const struct passwd *user_entry(const char *user, struct store_error *err)
{
    errno = 0;
    const struct passwd *pw = getpwnam(user);
    if (!pw && errno)
        store_fail_errno(err, errno, "user \"%s\"", user);
    else if (!pw)
        store_fail(err, STORE_INVALID,
                   "user \"%s\" does not exist: create it (useradd --system %s) or change the "
                   "configuration",
                   user, user);
    return pw;
}

bool privileges_group(const char *user, gid_t *gid, struct store_error *err)
{
    *gid = (gid_t)-1;
    if (geteuid() != 0)
        return true;
    const struct passwd *pw = user_entry(user, err);
    if (pw)
        *gid = pw->pw_gid;
    return pw != NULL;
}

static bool become(uid_t uid, gid_t gid, const gid_t *groups, size_t count, struct store_error *err)
{
    if (setgroups(count, groups) != 0 || setresgid(gid, gid, gid) != 0 ||
        setresuid(uid, uid, uid) != 0) {
        store_fail_errno(err, errno, "cannot become uid %u", (unsigned)uid);
        return false;
    }
    if (uid != 0 && (setuid(0) == 0 || seteuid(0) == 0)) {
        store_fail(err, STORE_DENIED, "root's rights could be had back: refusing to run");
        return false;
    }
    return true;
}

bool privileges_drop(const char *user, const char *group_of, struct store_error *err)
{
    gid_t groups[GROUPS_MAX + 1], extra;
    int count = GROUPS_MAX;
    if (geteuid() != 0)
        return true;
    if (group_of && !privileges_group(group_of, &extra, err))
        return false;
    const struct passwd *pw = user_entry(user, err);
    if (!pw)
        return false;
    uid_t uid = pw->pw_uid;
    gid_t gid = pw->pw_gid;
    if (getgrouplist(user, gid, groups, &count) < 0) {
        store_fail(err, STORE_INVALID, "user \"%s\" is in more than %d groups", user, GROUPS_MAX);
        return false;
    }
    if (group_of)
        groups[count++] = extra;
    return become(uid, gid, groups, (size_t)count, err);
}

bool privileges_drop_all(struct store_error *err)
{
    if (geteuid() != 0)
        return true;
    const struct passwd *pw = user_entry("nobody", err);
    return pw && become(pw->pw_uid, pw->pw_gid, NULL, 0, err);
}

bool privileges_confine(struct store_error *err)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0)
        return true;
    store_fail_errno(err, errno, "prctl");
    return false;
}
