// English. Another language is another file of the same names; functions are for what has numbers or names in it.

const plurals = new Intl.PluralRules('en');

/** @param {number} count @param {string} one @param {string} other */
const counted = (count, one, other) => `${count.toLocaleString()} ${plurals.select(count) === 'one' ? one : other}`;

const names = new Intl.ListFormat('en', { type: 'conjunction' });

/** A name keeps its own direction, whatever it is, and leaves that of the sentence alone. @param {string} name */
const isolated = (name) => `\u2068${name}\u2069`;

/** What the server calls a field, as the beginning of a sentence. */
const fields = {
  attachments: 'The files',
  content: 'The message',
  description: 'The description',
  display_name: 'The name',
  email: 'The e-mail address',
  emoji: 'The emoji',
  expires_in: 'The time',
  file: 'The file',
  max_uses: 'The number',
  name: 'The name',
  new_password: 'The new password',
  password: 'The password',
  q: 'What is looked for',
  reason: 'The reason',
  reply_to: 'What is answered',
  upload_id: 'The picture',
  status: 'The status',
  username: 'The username',
};

export const en = {
  appName: 'Confab',
  appPurpose: 'Talk, in rooms and in person.',

  // Signing in
  account: 'Account',
  signIn: 'Sign in',
  register: 'Create account',
  signOut: 'Sign out',
  username: 'Username',
  usernameOrEmail: 'Username or e-mail',
  usernameHint: 'Letters, digits, . _ and -; others mention you by it.',
  displayName: 'Name that others see',
  email: 'E-mail',
  optional: 'Optional',
  password: 'Password',
  passwordHint: 'At least 8 characters.',
  wrongPassword: 'This username and password do not fit together.',
  nameTaken: 'This username or e-mail is taken.',
  signedOutByServer: 'You were signed out. Please sign in again.',
  forDevelopers: 'For developers:',
  apiDocs: 'API',
  apiReference: 'Reference',
  demoOffer: 'Nobody is here yet. Look around with a few people and rooms that are made up?',
  demoMake: 'Fill it with a demo',
  demoMaking: 'One moment …',
  demoPeople: 'Sign in as one of them:',
  /** @param {string} password */
  demoPassword: (password) => `The password of each is ${password}. To be two people at once, open this page in a private window as well.`,
  demoShow: 'Show the people of the demo',
  noDemo: 'There is no demo here.',

  // The list
  conversations: 'Conversations',
  findConversation: 'Find a conversation',
  newConversation: 'New conversation',
  pinnedConversations: 'Pinned',
  allConversations: 'All',
  /** @param {number} count */
  archived: (count) => `Archived (${count})`,
  noSuchConversation: 'No conversation of yours has this name.',
  noConversations: 'No conversations yet. Find somebody to talk to, or a room to join.',
  roomsToJoin: 'Rooms to join',
  people: 'People',
  profileAndSettings: 'Profile and settings',
  draft: 'Draft:',
  nothingSaid: 'Nothing said yet',
  unreadMessages: 'unread',
  /** @param {number} count */
  mentionsOfYou: (count) => `${counted(count, 'message mentions', 'messages mention')} you`,
  muted: 'Muted',
  mute: 'Mute',
  unmute: 'Unmute',
  pinConversation: 'Pin to the top',
  unpinConversation: 'Unpin from the top',
  archive: 'Archive',
  unarchive: 'Take out of the archive',
  markRead: 'Mark as read',
  markUnread: 'Mark as unread',
  markedUnread: 'Marked as unread',
  chooseConversation: 'Choose a conversation',
  chooseConversationHint: 'Or begin a new one.',
  /** @param {string} name */
  welcome: (name) => `Welcome, ${isolated(name)}`,
  firstSteps: 'Talk to somebody, join a room, or make one of your own.',
  findSomebody: 'Find somebody',
  lookAtRooms: 'Look at the rooms',
  makeFirstRoom: 'Make a room',

  // A room
  someone: 'Someone',
  you: 'You',
  yourself: 'yourself',
  unnamedRoom: 'Room without a name',
  kinds: { public: 'Public room', private: 'Private room', direct: 'Direct conversation' },
  /** @param {number} count */
  members: (count) => counted(count, 'member', 'members'),
  back: 'Back',
  details: 'Details',
  searchHere: 'Search',
  pinnedMessages: 'Pinned messages',
  moreActions: 'More actions',
  notJoined: 'You can look around once you are in.',
  joinRoom: 'Join',
  noSuchRoom: 'This room does not exist, or is not for you.',
  dropFiles: 'Drop the files to send them here',
  skipToWriting: 'Skip to writing',
  presence: { online: 'Online', away: 'Away', busy: 'Busy', offline: 'Offline' },
  /** @param {string} when */
  lastSeen: (when) => `Last seen ${when}`,
  /** @param {string} title @param {string} reason */
  roomGone: (title, reason) =>
    ({
      removed: `You were removed from ${title}.`,
      banned: `You were banned from ${title}.`,
      room_deleted: `${title} was deleted.`,
    })[reason] ?? `${title} is no longer open to you.`,
  /** @param {string} title */
  youLeft: (title) => `You left ${title}.`,

  // The connection
  /** @param {string} phase */
  connection: (phase) =>
    ({ online: 'Connected', connecting: 'Connecting …', resuming: 'Catching up …', waiting: 'Reconnecting …', stopped: 'Not connected', idle: 'Not connected' })[phase] ?? phase,
  connectionAway: 'No connection at the moment. What you write is kept and sent as soon as it is back.',
  /** @param {number} code */
  connectionStopped: (code) =>
    code === 4506 ? 'This account is open in too many other places; this page has stopped.' : 'The connection was closed by the server.',
  tryNow: 'Try now',

  // Messages
  /** @param {string} title */
  messagesOf: (title) => `Messages in ${title}`,
  /** @param {string} sender @param {string} time */
  messageLabel: (sender, time) => `${sender}, ${time}`,
  /** @param {string} sender @param {string} text */
  saidBy: (sender, text) => `${sender}: ${text}`,
  /** @param {string} sender @param {string} room */
  senderInRoom: (sender, room) => `${sender} in ${room}`,
  today: 'Today',
  yesterday: 'Yesterday',
  newFromHere: 'New',
  loading: 'Loading',
  /** @param {string} kind */
  beginningOf: (kind) => (kind === 'direct' ? 'This is the beginning of your conversation.' : 'This is the beginning of the room.'),
  historySinceJoin: 'Here you see what was said since you came.',
  toLatest: 'Latest',
  /** @param {number} count */
  newMessages: (count) => counted(count, 'new message', 'new messages'),
  deletedMessage: 'Message deleted',
  deletedByModerator: 'Deleted by a moderator',
  earlierMessage: 'An earlier message',
  edited: 'edited',
  pinned: 'Pinned',
  /** @param {string} name */
  forwardedFrom: (name) => `Forwarded from ${name}`,
  /** @param {number} count */
  replies: (count) => counted(count, 'reply', 'replies'),
  /** @param {number} count @param {string} name */
  filesSent: (count, name) => (count === 1 && name ? `📎 ${name}` : counted(count, 'file', 'files')),
  /** @param {string} state @param {number} count @param {boolean} isDirect */
  progress: (state, count, isDirect) => {
    if (state === 'pending') return 'Waiting to be sent';
    if (state === 'sent') return 'Sent';
    if (state === 'delivered') return isDirect ? 'Delivered' : `Delivered to ${count}`;
    return isDirect ? 'Read' : `Read by ${count}`;
  },
  /** @param {number} seconds */
  waitsForPace: (seconds) => `Too many at once: sent in ${counted(seconds, 'second', 'seconds')}`,
  /** @param {string} reason */
  notSent: (reason) => `Not sent${reason ? `: ${reason}` : ''}.`,
  tryAgain: 'Try again',
  discard: 'Discard',
  /** @param {string} emoji @param {number} count @param {boolean} isMine */
  reactionLabel: (emoji, count, isMine) => `${emoji}, ${counted(count, 'person', 'people')}${isMine ? ', you too' : ''}`,

  // What one does with a message
  messageActions: 'Message actions',
  react: 'React',
  otherReaction: 'Another emoji …',
  reply: 'Reply',
  openThread: 'Open thread',
  thread: 'Thread',
  forward: 'Forward',
  copyText: 'Copy text',
  copyLink: 'Copy link',
  pin: 'Pin',
  unpin: 'Unpin',
  edit: 'Edit',
  delete: 'Delete',
  deleteTitle: 'Delete this message?',
  report: 'Report to the moderators',
  reportIt: 'Report',
  reportReason: 'What is wrong with it',
  reported: 'The moderators were told.',
  reports: 'Reports',
  noReports: 'Nothing is reported.',
  /** @param {string} name @param {string} reason */
  reportedBy: (name, reason) => `${isolated(name)}: ${isolated(reason)}`,
  showMessage: 'Show message',
  resolveReport: 'Done',
  reason: 'Reason (optional)',
  whoReacted: 'Reactions',
  whoRead: 'Who has read it',
  /** @param {number} count */
  readBy: (count) => `Read by ${count}`,
  /** @param {number} count */
  deliveredTo: (count) => `Delivered to ${count}`,
  nobodyYet: 'Nobody yet.',
  versions: 'Earlier versions',
  noVersions: 'No earlier version is kept.',
  /** @param {string} room */
  forwardedTo: (room) => `Forwarded to ${room}.`,
  open: 'Open',
  copied: 'Copied.',
  notCopied: 'The browser did not let it be copied.',

  // Writing
  /** @param {string} room */
  writeTo: (room) => `Message ${room}`,
  writeReply: 'Reply in the thread',
  editMessage: 'Edit message',
  /** @param {string} name */
  replyTo: (name) => `Reply to ${name}`,
  saveEdit: 'Save',
  send: 'Send',
  attach: 'Attach files',
  emoji: 'Emoji',
  findEmoji: 'Find an emoji',
  recentEmoji: 'Recent',
  emojiGroups: {
    smileys_emotion: 'Smileys',
    people_body: 'People',
    animals_nature: 'Nature',
    food_drink: 'Food',
    travel_places: 'Travel',
    activities: 'Activities',
    objects: 'Objects',
    symbols: 'Symbols',
    flags: 'Flags',
  },
  completions: 'Suggestions',
  everybodyHere: 'Everybody in the room',
  /** @param {number} count */
  charsLeft: (count) => (count >= 0 ? `${count} characters left` : `${-count} characters too long`),
  /** @param {string[]} who @param {boolean} isShort */
  typing: (who, isShort) => {
    if (isShort) return 'typing …';
    if (who.length > 3) return 'Several people are typing …';
    return `${names.format(who.map(isolated))} ${who.length === 1 ? 'is' : 'are'} typing …`;
  },
  /** @param {string} time */
  youAreMuted: (time) => `A moderator has muted you until ${time}.`,
  youAreMutedForGood: 'A moderator has muted you until further notice.',
  /** @param {number} seconds */
  slowModeHere: (seconds) => `Slow mode: ${en.slowModeOf(seconds).toLowerCase()}`,
  onlyModeratorsWrite: 'Only moderators write in this room.',
  roomIsClosed: 'This room is closed.',

  // Files
  pastedFile: 'pasted file',
  /** @param {number} count */
  tooManyFiles: (count) => `At most ${count} files in one message.`,
  /** @param {string} name */
  uploading: (name) => `Uploading ${name}`,
  /** @param {string} why */
  uploadFailed: (why) => `Not uploaded. ${why}`,
  uploadWaits: 'Waits for the connection',
  /** @param {string} name */
  uploadAgain: (name) => `Upload ${name} again`,
  /** @param {string} size */
  fileTooLarge: (size) => `At most ${size} are taken here.`,
  fileEmpty: 'It is empty.',
  fileHinders: 'A file was not uploaded: remove the file or try it again. Then the message can be sent.',
  sentOnceUploaded: 'It is sent as soon as the files are there.',
  /** @param {string} name */
  removeFile: (name) => `Remove ${name}`,
  /** @param {string} name */
  openPicture: (name) => `Open picture ${name}`,
  saveFile: 'Save',
  /** @param {number} bytes */
  size: (bytes) => {
    const units = ['B', 'KB', 'MB', 'GB'];
    const power = Math.min(units.length - 1, Math.floor(Math.log(Math.max(bytes, 1)) / Math.log(1000)));
    return `${(bytes / 1000 ** power).toLocaleString(undefined, { maximumFractionDigits: power > 1 ? 1 : 0 })} ${units[power]}`;
  },

  // New conversations
  newTabs: { people: 'People', rooms: 'Rooms', make: 'New room' },
  findPeople: 'Find people by name',
  nobodyFound: 'Nobody of this name is here.',
  findRooms: 'Find public rooms',
  noRoomsFound: 'No public room of this name.',
  joined: 'Joined',
  roomName: 'Name',
  roomDescription: 'What it is for',
  whoMayCome: 'Who may come in',
  publicRoom: 'Everybody: it is found and joined by anyone',
  privateRoom: 'Only who is invited: nobody else knows of it',
  addPeople: 'Add people',
  /** @param {string} name */
  removePerson: (name) => `Remove ${name}`,
  /** @param {string} name */
  wasAdded: (name) => `${name} was added.`,
  makeRoom: 'Create room',

  // Beside the room
  close: 'Close',
  cancel: 'Cancel',
  save: 'Save',
  saved: 'Saved.',
  leave: 'Leave',
  copy: 'Copy',
  clear: 'Clear',
  profile: 'Profile',
  editProfile: 'Edit profile',
  message: 'Message',
  block: 'Block',
  unblock: 'Unblock',
  /** @param {string} name */
  youBlocked: (name) => `You blocked ${isolated(name)}.`,
  notifications: 'Notifications',
  notificationWishes: { all: 'All', mentions: 'Mentions', none: 'None' },
  /** @param {number} count */
  showAll: (count) => `Show all ${count}`,
  /** @param {string} name */
  actionsFor: (name) => `Actions for ${name}`,
  roles: { owner: 'Owner', admin: 'Admin', moderator: 'Moderator', member: 'Member' },
  /** @param {string} role */
  makeRole: (role) => `Make ${role.toLowerCase()}`,
  muteForAnHour: 'Mute for an hour',
  removeMember: 'Remove',
  /** @param {string} name */
  removeQuestion: (name) => `${name} will no longer see this room.`,
  ban: 'Ban',
  unban: 'Unban',
  banned: 'Banned',
  /** @param {string} name */
  banQuestion: (name) => `${name} will be removed and cannot come back.`,
  handOver: 'Hand over',
  /** @param {string} name */
  handOverQuestion: (name) => `${name} will own this room. You stay as an admin.`,
  leaveRoom: 'Leave room',
  /** @param {string} name */
  leaveQuestion: (name) => `You will no longer get messages of ${name}.`,
  searchWords: 'Words to look for',
  everywhere: 'In all rooms',
  withFiles: 'With files',
  nothingFound: 'Nothing found.',
  /** @param {number} count */
  hits: (count) => counted(count, 'message found', 'messages found'),
  /** @param {string} name */
  pinnedBy: (name) => `Pinned by ${isolated(name)}`,
  files: 'Files',
  fileKinds: { image: 'Pictures', video: 'Videos', audio: 'Audio', other: 'Others' },
  noFiles: 'No such files were sent here.',
  /** @param {string} name @param {string} when */
  fileSentBy: (name, when) => `${isolated(name)}, ${when}`,
  /** @param {string} name */
  saveOf: (name) => `Save ${name}`,
  mentions: 'Mentions',
  noMentions: 'Nobody has named you yet.',
  findMember: 'Find a member',
  showMore: 'Show more',
  nothingPinned: 'Nothing is pinned here.',

  // Room settings
  roomSettings: 'Room settings',
  slowMode: 'Slow mode',
  /** @param {number} seconds */
  slowModeOf: (seconds) => {
    if (seconds === 0) return 'Off';
    if (seconds < 60) return `One message every ${counted(seconds, 'second', 'seconds')}`;
    return `One message every ${counted(seconds / 60, 'minute', 'minutes')}`;
  },
  onlyModeratorsMayWrite: 'Only moderators may write; all others read',
  systemMessages: 'Tell in the room who comes and goes',
  deleteRoom: 'Delete room',
  deleteRoomQuestion: 'I know that this deletes the room and all its messages for everybody.',
  inviteByLink: 'Invite by link',
  lastsFor: 'The link works for',
  /** @param {number} count */
  days: (count) => counted(count, 'day', 'days'),
  usesMax: 'How often it may be used',
  usesHint: '0 is without limit.',
  makeLink: 'Make a link',
  openInvitations: 'Links that work',
  /** @param {number} uses @param {number | null} max */
  invitationUses: (uses, max) => (max ? `${uses} of ${max} used` : `${counted(uses, 'use', 'uses')}`),
  revoke: 'Revoke',
  invitationOver: 'This invitation does not work any more. Ask for another one.',
  invitedSignIn: 'You are invited to a room. Sign in or create an account to see it.',
  /** @param {string} room */
  invitedTo: (room) => `You are invited to ${isolated(room)}`,
  /** @param {string} when */
  invitationEnds: (when) => `until ${when}`,

  // Settings
  settings: 'Settings',
  status: 'Status',
  statusText: 'What you are up to',
  privacy: 'Privacy',
  sharesReadMarks: 'Let others see what I have read, and see what they have',
  sharesLastSeen: 'Let others see when I was last here',
  looks: 'Appearance',
  themes: { auto: 'As the system', light: 'Light', dark: 'Dark' },
  /** @param {'auto' | 'light' | 'dark'} theme */
  themeIs: (theme) => `Appearance: ${{ auto: 'as the system', light: 'light', dark: 'dark' }[theme]}`,
  notifyMe: 'Show notifications of this system when a message comes',
  notificationsRefused: 'The browser does not let this page notify you. Its settings for this site can change that.',
  choosePicture: 'Choose a picture',
  removePicture: 'Remove the picture',
  changePassword: 'Change password',
  currentPassword: 'Current password',
  newPassword: 'New password',
  deactivate: 'Deactivate my account',
  deactivateQuestion:
    'You are signed out everywhere, and nobody can sign in to this account any more. What you wrote stays in its rooms, under your name. Only an administrator can open the account again.',
  deactivated: 'Your account is deactivated.',
  sessions: 'Where you are signed in',
  unknownDevice: 'Unknown device',
  thisDevice: 'This device',
  signOutElsewhere: 'Sign out everywhere else',
  /** @param {string} browser @param {string} system */
  browserOn: (browser, system) => `${browser} on ${system}`,

  // Shortcuts: keys, and what they do
  shortcuts: 'Keyboard shortcuts',
  /** @type {[string, string][]} */
  shortcutList: [
    ['Ctrl K', 'Find a conversation'],
    ['Alt ↓', 'Next conversation'],
    ['Alt ↑', 'Previous conversation'],
    ['Ctrl Shift F', 'Search in the room'],
    ['Enter', 'Send'],
    ['Shift Enter', 'New line'],
    ['↑', 'Edit your last message, when nothing is typed'],
    ['@', 'Mention somebody'],
    [':', 'Find an emoji by its name'],
    ['↑ ↓', 'From message to message, when the list has the focus'],
    ['Enter', 'What can be done with the message that has the focus'],
    ['R', 'Reply to the message that has the focus'],
    ['Esc', 'Close what is open'],
    ['Ctrl Shift D', 'Developer drawer'],
    ['Ctrl /', 'These shortcuts'],
  ],

  // The developer's drawer
  developerDrawer: 'Developer drawer',
  frames: 'Frames',
  frame: 'Frame',
  filterFrames: 'Filter frames',
  copyFrame: 'Copy frame as JSON',
  copyFrames: 'Copy as JSON',
  cutConnection: 'Cut the connection',
  chooseFrame: 'Choose a frame to see it whole.',
  directions: { in: 'from the server', out: 'to the server' },
  sequences: 'Where this page is in each room',
  room: 'Room',
  /** @param {string} epoch */
  epoch: (epoch) => `epoch ${epoch}`,
  /** @param {number | null} ms */
  roundTrip: (ms) => (ms === null ? 'Round trip: not measured yet' : `Round trip: ${ms} ms`),

  // Troubles
  notFetched: 'The server was not reached, so this could not be opened. Try again in a moment.',
  /** @param {string} field @param {string} reason */
  fieldProblem: (field, reason) => `${field} ${reason}.`,
  /** By the names that the server has for them. @param {string} field @param {string} reason */
  refusedField: (field, reason) => {
    if (field === 'current_password') return 'The current password is not right.';
    const known = /** @type {Record<string, string>} */ (fields)[field.replace(/[[.].*$/, '')];
    return `${known ?? field} ${reason}.`;
  },
  problems: {
    internal: 'Something went wrong. Please try again.',
    /** @param {number | null} ms */
    rateLimited: (ms) => (ms === null ? 'That was too much at once.' : `That was too much at once. Try again in ${counted(Math.max(1, Math.ceil(ms / 1000)), 'second', 'seconds')}.`),
    byCode: {
      offline: 'The server was not reached.',
      timeout: 'The server took too long to answer.',
      not_found: 'It does not exist, or is not for you.',
      forbidden: 'You may not do this.',
      unauthenticated: 'Please sign in again.',
      unavailable: 'The server cannot do this right now. Please try again.',
      internal: 'Something went wrong. Please try again.',
      outbox_full: 'Too many messages wait to be sent.',
      too_large: 'This is too large.',
      unsupported_media: 'Files of this type are not taken here.',
    },
  },
};
