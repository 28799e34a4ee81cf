// A Phoenix profile client as its users have it: the same calls, headers and bodies, written anew.
// Reading refuses a failed answer; updating hands back whatever JSON the service sent, errors included.

export class ProfileClient {
  constructor(apiUrl, jwt) {
    this.apiUrl = apiUrl;
    this.jwt = jwt;
  }

  // GET says it carries JSON too, though it has no body: clients in the field do.
  call(userId, options = {}) {
    const headers = { Authorization: `Bearer ${this.jwt}`, 'Content-Type': 'application/json' };
    return fetch(`${this.apiUrl}/v1/profiles/user/${userId}`, { ...options, headers });
  }

  put(userId, body) {
    return this.call(userId, { method: 'PUT', body: JSON.stringify(body) });
  }

  async getProfile(userId) {
    const answer = await this.call(userId);
    if (!answer.ok) {
      throw new Error(`no profile of ${userId}: status ${answer.status}`);
    }
    return answer.json();
  }

  // The tenant comes from the token; the parameter is there because callers pass it.
  async updateProfile(tenantId, userId, name, regenerateAvatar = false) {
    const answer = await this.put(userId, { name, regenerate_avatar: regenerateAvatar });
    return answer.json();
  }

  // All at once; one that fails is left out.
  async getMultipleProfiles(userIds) {
    const settled = await Promise.allSettled(userIds.map((userId) => this.getProfile(userId)));
    return settled.filter(({ status }) => status === 'fulfilled').map(({ value }) => value);
  }
}
